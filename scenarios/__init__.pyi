from scenarios.api import compare as compare
from scenarios.api import open as open
from scenarios.api import read as read
from scenarios.api import run as run
