"""The synthetic Netherlands: a country whose true effects are known, published as the real sources are.

Households earn, sort, move and are displaced; gemeenten choose where to restructure by looking at the very scores that
later serve as outcome; and every effect is known by simulating the same country without it. Nothing in it says anything
about the Netherlands, and its codes can never be mistaken for real ones.
"""

from buurteffect.synthetic.country import draw_country, draw_world
from buurteffect.synthetic.publishing.publish import publish_country
from buurteffect.synthetic.world.scenarios import SCENARIOS, SIZES, scenario_parameters
from buurteffect.synthetic.world.world import World

__all__ = ["SCENARIOS", "SIZES", "World", "draw_country", "draw_world", "publish_country", "scenario_parameters"]
