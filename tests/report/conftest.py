import pytest
import report_sample
from report_browser import NEEDED, Browser, installed


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The sample report as files: (paths, sections)."""
    page = report_sample.report()
    return page.write(tmp_path_factory.mktemp("report")), page.sections


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if not installed():
        pytest.skip(NEEDED)
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
