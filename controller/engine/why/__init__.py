"""Why something is at a target, or is not: one key or one record followed through select, desired, fit, compare and decide.

Every answer comes from the functions that make plans; nothing here decides anything, and nothing is written.
"""

from controller.engine.why.answer import Answer, Fact
from controller.engine.why.asking import Question, why
from controller.engine.why.finding import Found, find

__all__ = ["Answer", "Fact", "Found", "Question", "find", "why"]
