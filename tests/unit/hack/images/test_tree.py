"""Which packages of a Debian tree are needed to run what was asked for."""

from hack.images import tree

STATUS = """\
Package: base-files
Status: install ok installed
Pre-Depends: awk
Version: 1

Package: base-passwd
Status: install ok installed
Depends: libdebconfclient0 (>= 0.145)
Version: 1

Package: libdebconfclient0
Status: install ok installed
Version: 1

Package: mawk
Status: install ok installed
Provides: awk
Version: 1

Package: dash
Status: install ok installed
Version: 1

Package: libc-bin
Status: install ok installed
Depends: libc6 (>> 2.36)
Version: 1

Package: libc6
Status: install ok installed
Version: 1
Description: the C library
 of everything
 .
 Depends: nothing

Package: server
Status: install ok installed
Depends: libx:any (>= 2) [amd64], absent | liby, perl-base,
 libvirtual
Version: 7

Package: libx
Status: install ok installed
Version: 2

Package: liby
Status: install ok installed
Depends: server
Version: 1

Package: real
Status: install ok installed
Provides: other, libvirtual (= 1)
Version: 1

Package: perl-base
Status: install ok installed
Version: 5

Package: left-over
Status: deinstall ok config-files
Version: 1
"""


def test_what_is_needed_stays():
    """Alternatives, virtual packages, versions and circles are followed; installers are not."""
    assert ["libdebconfclient0", "mawk", "perl-base"] == tree.superfluous(STATUS, ["server"])


def test_what_nobody_needs_goes():
    """Of a tree from which nothing was asked, what makes it Debian's is left."""
    assert {"server", "libx", "liby", "real"} < set(tree.superfluous(STATUS, []))


def test_what_is_asked_for_stays_even_if_it_is_an_installer():
    """Who asks for perl gets it."""
    assert "perl-base" not in tree.superfluous(STATUS, ["perl-base"])


def test_a_package_of_which_only_settings_are_left_does_not_count():
    """It is not there."""
    assert "left-over" not in {each["Package"] for each in tree.installed(STATUS)}


def test_continued_lines_belong_to_their_field():
    """A description that looks like a field is none."""
    (library,) = (each for each in tree.records(STATUS) if each["Package"] == "libc6")

    assert "Depends" not in library
    assert library["Description"].endswith("Depends: nothing")
