"""The report: result files of `wam evaluate` on one self-contained page. It reads and shows; it drives nothing."""

from wam_ros.evaluation.report.page import page
from wam_ros.evaluation.report.pictures import write_pictures
from wam_ros.evaluation.report.reported_result import ReportedResult, read_results

__all__ = ["ReportedResult", "page", "read_results", "write_pictures"]
