"""The one door to HTTP. Only ``wire`` imports httpx, so that moving to another library is a change of one file.

client    Http: pace, login, retries of what is safe, slash redirects
pace      how quickly a lane may call, and how it slows down while the server is busy
wire      one request and one answer: time limits, byte caps, the translation of foreign errors
auth      Basic and Digest: what to send on which try
tls       verify, pin, off
failures  what a failed call is called in plain words
"""

from controller.sdk.http.client import Http, Retry
from controller.sdk.http.response import Response, retry_after

__all__ = ["Http", "Response", "Retry", "retry_after"]
