"""A few hundred pages in eight languages on two hosts, crawled within seconds, and what a run made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.runtime.manifest import Manifest
from pipelines.runtime.parquet import read_table
from schemas.recipe import Recipe
from schemas.records import ALTERNATE, DOCUMENT, DROPPED, FAULT, MOVED
from tests.acquire.site.documentation import Documentation, build_documentation
from tests.acquire.site.nginx import Nginx, serve
from tests.portable import free_port

SCHEMAS = {"kept": DOCUMENT, "dropped": DROPPED, "errors": FAULT, "alternates": ALTERNATE, "moved": MOVED}

_HELP = tuple(f"libreoffice-help-{language}" for language in ("de", "dz", "ja", "km"))
_HELP_PAGES = ("/text/smath/",)
_MANUALS = ("debian-faq-ko", "debian-faq-ru", "maint-guide-vi", "aptitude-doc-ja", "apache2-doc")
# Of Apache's manual: pages in EUC-KR and ISO-8859-1 that say so only in their own head.
_MANUAL_PAGES = ("/FAQ/", "/maint-guide-vi/", "/aptitude/html/ja/", "/manual/ko/vhosts/", "/manual/es/howto/")


@dataclass(frozen=True)
class Site:
    """Two hosts: LibreOffice's help, named by sitemaps, and manuals, found by links from their indexes."""

    nginx: Nginx
    help: Documentation
    manuals: Documentation

    @property
    def hosts(self) -> tuple[Documentation, ...]:
        return self.help, self.manuals

    def allowed(self) -> set[str]:
        return {self.nginx.url(host.host, page) for host in self.hosts for page in host.allowed}

    def forbidden(self) -> set[str]:
        return {self.nginx.url(host.host, page) for host in self.hosts for page in host.forbidden}

    def asked(self, since: int = 0) -> dict[str, list[int]]:
        """Status of every answer after a mark, by address."""
        found: dict[str, list[int]] = {}
        for request in self.nginx.requests(since):
            found.setdefault(self.nginx.url(request.host, request.path), []).append(request.status)
        return found

    def recipe(self, output: Path, **crawl: object) -> Recipe:
        settings = {
            "sitemaps": [self.nginx.url(host.host, "/sitemap.xml") for host in self.hosts],
            "include": [f"/*{part}" for part in (*_HELP_PAGES, *_MANUAL_PAGES)],
            **crawl,
        }
        return recipe(self.nginx, output, [host.host for host in self.hosts], **settings)


def recipe(nginx: Nginx, output: Path, hosts: list[str], **crawl: object) -> Recipe:
    """A crawl of hosts of the site without pauses, where nothing else is said."""
    settings = {
        "hosts": [f"{host}:{nginx.port}" for host in hosts],
        "allow_private": ["127.0.0.0/8"],
        "contact": "https://glotmill.invalid",
        "delay_seconds": 0,
        "licence": "GPL-2.0-or-later",
        **crawl,
    }
    return Recipe.model_validate(
        {"name": "site", "output": str(output), "acquire": {"snapshot": "one", "crawl": settings}}
    )


@contextmanager
def small_site(folder: Path) -> Iterator[Site]:
    port = free_port()
    help_pages = build_documentation(
        folder / "help", "127.0.0.2", port, _HELP, below=_HELP_PAGES, forbidden="/smath/guide/", pages_per_sitemap=100
    )
    manuals = build_documentation(
        folder / "manuals", "127.0.0.3", port, _MANUALS, below=_MANUAL_PAGES, listed="index*.html"
    )
    hosts = {host.host: host.server() for host in (help_pages, manuals)}
    with serve(folder / "nginx", port, hosts) as nginx:
        yield Site(nginx, help_pages, manuals)


def rows(manifest: Manifest, output: str) -> pa.Table:
    return read_table(manifest.urls(output), SCHEMAS[output])


def documents(manifest: Manifest, columns: tuple[str, ...]) -> dict[str, tuple[object, ...]]:
    """Some columns of the documents kept, by address."""
    table = rows(manifest, "kept")
    values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return dict(zip(table.column("url").to_pylist(), values, strict=True))


def kept(manifest: Manifest) -> set[str]:
    """Addresses of the documents kept."""
    return set(rows(manifest, "kept").column("url").to_pylist())


def reasons(manifest: Manifest) -> dict[str, str]:
    """Why an address has no document, by address."""
    found: dict[str, str] = {}
    for output, place in (("dropped", "url"), ("errors", "place")):
        table = rows(manifest, output)
        found.update(zip(table.column(place).to_pylist(), table.column("reason").to_pylist(), strict=True))
    return found
