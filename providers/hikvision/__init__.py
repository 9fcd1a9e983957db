"""Hikvision door terminals over ISAPI: persons and their cards on one device."""
