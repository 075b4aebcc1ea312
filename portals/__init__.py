"""Portals: ordinary relying parties that know the gateway only by its public URL."""
