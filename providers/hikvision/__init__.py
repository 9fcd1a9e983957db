"""Hikvision door terminals over ISAPI: persons, their cards and their faces on one device."""
