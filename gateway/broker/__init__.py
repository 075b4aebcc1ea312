"""One login: its states, the steps between them, and the events they leave behind.

Pure: values in, values out. It knows neither OpenID Connect nor banklink, neither SQL nor HTTP.
"""
