"""Moving a gallery to a new network: evidence, a plan, its steps, and the way back."""

from .arms import Arm, Arms, compare_arms
from .checks import Checked
from .evidence import Direction, Evidence
from .guarantee import Loss, loss_of, trials_needed
from .journal import check_free
from .lookup import Lookup, Lookups, look_up
from .order import OrderCurve, order_curve
from .plan import MigrationPlan
from .plan_report import arms_table, lookup_table, loss_table, plan_report
from .planning import make_plan
from .steps import Migration, Status
from .uncertainty import Uncertainty, fit_uncertainty

__all__ = [
    "Arm", "Arms", "Checked", "Direction", "Evidence", "Lookup", "Lookups", "Loss", "Migration", "MigrationPlan",
    "OrderCurve", "Status", "Uncertainty", "arms_table", "check_free", "compare_arms", "fit_uncertainty", "look_up",
    "lookup_table", "loss_of", "loss_table", "make_plan", "order_curve", "plan_report", "trials_needed",
]  # fmt: skip
