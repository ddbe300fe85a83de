"""Catalogues of translations: a folder for each language, as gettext lays them out."""
