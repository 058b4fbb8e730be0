"""The synthetic Netherlands: a country whose true values are known, published as the real sources are.

So far it holds a Leefbaarometer drawn from variance components. Nothing in it says anything about the
Netherlands, and its codes can never be mistaken for real ones.
"""

from buurteffect.synthetic.liveability import SIZES, LiveabilityProcess, World, draw_world
from buurteffect.synthetic.publication import publish

__all__ = ["SIZES", "LiveabilityProcess", "World", "draw_world", "publish"]
