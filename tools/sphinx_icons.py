"""The icons of the site, on a grid of 24: our own lines, and GitHub's mark (Simple Icons, CC0)."""


def lines(path: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="2.2" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def shape(path: str) -> str:
    return f'<path d="{path}" fill="currentColor" fill-rule="evenodd"/>'


PAGE = "M6 2.5h8l5 5v14H6z M14 2.5v5h5"
# By the names that Font Awesome has for them, which the theme uses.
ICONS = {
    "angle-left": lines("M15 5l-7 7 7 7"),
    "angle-right": lines("M9 5l7 7-7 7"),
    "arrow-up": lines("M12 20V4 M5 11l7-7 7 7"),
    "bars": lines("M3 6h18 M3 12h18 M3 18h18"),
    "chevron-down": lines("M5 9l7 7 7-7"),
    "circle-half-stroke": shape(
        "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z M12 4.4v15.2a7.6 7.6 0 0 1 0-15.2z"
    ),
    "download": lines("M12 3v12 M6.5 10l5.5 5.5L17.5 10 M4 20.5h16"),
    "expand": lines("M3.5 9V3.5H9 M15 3.5h5.5V9 M20.5 15v5.5H15 M9 20.5H3.5V15"),
    "file": lines(PAGE),
    "file-pdf": lines(PAGE + " M9 13h7 M9 17h7"),
    "lightbulb": lines("M9 18h6 M10 21.5h4 M8.8 15a6.3 6.3 0 1 1 6.4 0l-.5 3H9.3z"),
    "list": lines("M8.5 6H21 M8.5 12H21 M8.5 18H21 M3.5 6h.01 M3.5 12h.01 M3.5 18h.01"),
    "magnifying-glass": lines("M10.5 3a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15z M16 16l5 5"),
    "moon": shape("M20.5 14.6A9 9 0 0 1 9.4 3.5a9 9 0 1 0 11.1 11.1z"),
    "outdent": lines("M3 6h18 M3 12h18 M3 18h18"),
    "rocket": lines(
        "M9 15c0-6 4-11 11-12 .5 7-4 12-11 12z M9 15l-3-3 2.5-4H12 M9 15l3 3 4-2.5V12 M5 16c-1.5 1-2 4-2 5 1 0 4-.5 5-2"
    ),
    "sun": lines(
        "M12 7.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z M12 1.8v2 M12 20.2v2 M1.8 12h2 M20.2 12h2 "
        "M4.8 4.8l1.4 1.4 M17.8 17.8l1.4 1.4 M4.8 19.2l1.4-1.4 M17.8 6.2l1.4-1.4"
    ),
    "xmark": lines("M5 5l14 14 M19 5L5 19"),
    "github": shape(
        "M12 .297c-6.63 0-12 5.373-12 12 0 5.303 3.438 9.8 8.205 11.385.6.113.82-.258.82-.577 0-.285-.01-1.04-"
        ".015-2.04-3.338.724-4.042-1.61-4.042-1.61C4.422 18.07 3.633 17.7 3.633 17.7c-1.087-.744.084-.729.084-.7"
        "29 1.205.084 1.838 1.236 1.838 1.236 1.07 1.835 2.809 1.305 3.495.998.108-.776.417-1.305.76-1.605-2.665"
        "-.3-5.466-1.332-5.466-5.93 0-1.31.465-2.38 1.235-3.22-.135-.303-.54-1.523.105-3.176 0 0 1.005-.322 3.3 "
        "1.23.96-.267 1.98-.399 3-.405 1.02.006 2.04.138 3 .405 2.28-1.552 3.285-1.23 3.285-1.23.645 1.653.24 2."
        "873.12 3.176.765.84 1.23 1.91 1.23 3.22 0 4.61-2.805 5.625-5.475 5.92.42.36.81 1.096.81 2.22 0 1.606-.0"
        "15 2.896-.015 3.286 0 .315.21.69.825.57C20.565 22.092 24 17.592 24 12.297c0-6.627-5.373-12-12-12"
    ),
}
