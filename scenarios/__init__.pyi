from scenarios.api.calls import compare as compare
from scenarios.api.calls import open as open
from scenarios.api.calls import read as read
from scenarios.api.calls import run as run
