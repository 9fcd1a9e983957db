"""``trueup doctor``: what a bug report needs to know of this machine, looked at and redacted. Changes nothing."""
