"""The electronic-auction site. Today: the participants' register and signing in to it."""
