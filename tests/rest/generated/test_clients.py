"""Clients that are generated from /openapi.json do their errands at one running server, each in its own language; Kotlin's is only compiled.

Each signs in as a login, sends five messages and a picture, reads them back in pages, signs in by a PIN, invites one person and then two,
reads its events in pages, and uploads a photo of itself.
"""

import asyncio
import itertools
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import npm
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import CLIENT, PASSWORD, Api, new_number
from tests.support.node import Node, running_node, settings_for
from tests.support.pictures import plain

HERE = Path(__file__).parent
PIN = "1111"
TITLES = ["For 1", "For 2"]
_count = itertools.count(1)

needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="openapi-generator needs java")
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is needed for clients in TypeScript")


@pytest.fixture(scope="module")
async def api(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    settings = settings_for(tmp_path_factory.mktemp("node"), auth={"debug_pin": PIN})
    async with running_node(stores, settings) as node:
        yield Api(node, stores)


@pytest.fixture(scope="module")
async def document(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's own document, in a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    async with api.node.http.get(api.node.url + "/openapi.json") as answer:
        path.write_bytes(await answer.read())
    return path


async def run(*command: object, folder: Path, within_s: float = 240, **environment: str) -> str:
    """What a command prints; it must succeed within its time."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, env={**os.environ, **environment}, stdout=-1, stderr=-1
    )
    try:
        async with asyncio.timeout(within_s):
            said, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        pytest.fail(f"{command[:3]}\n{said.decode()[-2000:]}\n{complaints.decode()[-3000:]}", pytrace=False)
    return said.decode()


async def errands(api: Api, folder: Path) -> dict[str, Any]:
    """What a client is told: a login with an account, a contact of it, somebody who signs in by a PIN, and two guests."""
    name, number = f"errand {next(_count)}", new_number()
    await api.add_login(name)
    login = await api.sign_in(name)
    await login.register(number)
    friend = await api.node.sign_in(new_number())
    await api.node.befriend(friend, login.person(number))
    picture = folder / "picture.png"
    picture.write_bytes(plain())
    return {
        "url": api.node.url,
        "client_id": CLIENT,
        "username": name,
        "password": PASSWORD,
        "contact": friend.number,
        "phone_number": f"+{new_number()}",
        "pin": PIN,
        "guests": [f"+{new_number()}", f"+{new_number()}"],
        "picture": str(picture),
    }


async def assert_done(said: str, node: Node) -> None:
    done: Mapping[str, Any] = json.loads(said.splitlines()[-1])
    assert done["read"] == ["Red", *(f"message {number}" for number in range(4, -1, -1))]
    assert done["invited"] == [1, 2]
    assert done["titles"] == TITLES
    assert done["at"].startswith("2031-05-02T20:30:00")
    for url in (done["url"], done["photo"]):
        async with node.http.get(url) as answer:
            assert (answer.status, answer.content_type.partition("/")[0]) == (200, "image")


async def test_openapi_python_client(api: Api, document: Path, tmp_path: Path) -> None:
    """Which knows no pictures as answers and no parts of uploads; they are bytes like others."""
    config = tmp_path / "config.json"
    kinds = dict.fromkeys(["image/jpeg", "*/*", "application/offset+octet-stream"], "application/octet-stream")
    config.write_text(json.dumps({"content_type_overrides": kinds, "post_hooks": []}))
    generator = Path(sys.executable).parent / "openapi-python-client"
    await run(
        generator, "generate", "--path", document, "--output-path", tmp_path / "parley_client", "--meta=none",
        "--config", config, "--fail-on-warning", folder=tmp_path,
    )  # fmt: skip
    said = await run(
        sys.executable, HERE / "by_python_client.py", folder=tmp_path,
        PYTHONPATH=str(tmp_path), ERRANDS=json.dumps(await errands(api, tmp_path)),
    )  # fmt: skip
    await assert_done(said, api.node)


@pytest.mark.long
@needs_npm
async def test_openapi_typescript(api: Api, document: Path, tmp_path: Path) -> None:
    await type_script_folder(tmp_path)
    await run("node", "node_modules/openapi-typescript/bin/cli.js", document, "-o", "parley.d.ts", folder=tmp_path)
    said = await run_type_script("by_openapi_fetch", await errands(api, tmp_path), folder=tmp_path)
    await assert_done(said, api.node)


@pytest.mark.long
@needs_java
async def test_openapi_generator_for_python(api: Api, document: Path, tmp_path: Path) -> None:
    await generate("python", document, tmp_path)
    said = await run(
        sys.executable, HERE / "by_generator.py", folder=tmp_path,
        PYTHONPATH=str(tmp_path), ERRANDS=json.dumps(await errands(api, tmp_path)),
    )  # fmt: skip
    await assert_done(said, api.node)


@pytest.mark.long
@needs_java
@needs_npm
async def test_openapi_generator_for_type_script(api: Api, document: Path, tmp_path: Path) -> None:
    await type_script_folder(tmp_path)
    await generate("typescript-fetch", document, tmp_path / "parley", "importFileExtension=.js")
    said = await run_type_script("by_generator", await errands(api, tmp_path), folder=tmp_path)
    await assert_done(said, api.node)


@pytest.mark.long
@needs_java
@pytest.mark.skipif(find_spec("run_kotlin_kernel") is None, reason="no Kotlin compiler: install the extra kotlin")
@pytest.mark.timeout(900)
async def test_openapi_generator_for_kotlin(document: Path, tmp_path: Path) -> None:
    """Its client is compiled with the errands, but not run: what it runs with (OkHttp, Moshi) is in no registry that the tests use.

    OkHttp.kt stands in for the former, kotlinx.serialization for the latter. The compiler comes in a jar of a kernel for Jupyter.
    """
    spec = find_spec("run_kotlin_kernel")
    assert spec is not None
    jars = Path((spec.submodule_search_locations or [""])[0]) / "jars"
    libraries = [jar for name in ("kotlin-stdlib", "kotlinx-serialization") for jar in jars.glob(f"{name}-*")]
    (compiler,) = jars.glob("kotlin-jupyter-kernel-*-all.jar")
    path = ":".join(map(str, libraries))
    await generate("kotlin", document, tmp_path / "parley", "serializationLibrary=kotlinx_serialization")
    await run(
        "java", "-Xmx2g", "-cp", f"{compiler}:{path}", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
        "-no-stdlib", "-no-reflect", "-nowarn", "-cp", path, "-d", "built",
        HERE / "OkHttp.kt", HERE / "Errands.kt", "parley/src/main/kotlin", folder=tmp_path, within_s=800,
    )  # fmt: skip
    assert (tmp_path / "built" / "ErrandsKt.class").exists()


async def generate(language: str, document: Path, folder: Path, options: str = "") -> None:
    """A client in this folder, by openapi-generator."""
    generator = Path(sys.executable).parent / "openapi-generator-cli"
    more = ["--additional-properties", options] if options else []
    await run(generator, "generate", "-i", document, "-g", language, "-o", folder, *more, folder=document.parent)


async def type_script_folder(folder: Path) -> None:
    """A folder in which packages are found, and of modules."""
    (folder / "node_modules").symlink_to(await npm.install_packages(HERE))
    shutil.copy(HERE / "package.json", folder)


async def run_type_script(name: str, told: Mapping[str, Any], folder: Path) -> str:
    """What a program prints, once the compiler finds nothing wrong in it."""
    shutil.copy(HERE / f"{name}.ts", folder)
    strict = [
        "--strict",
        "--skipLibCheck",
    ]
    compiler = ["node_modules/typescript/bin/tsc", "--module", "nodenext", "--target", "es2022", "--types", "node"]
    await run("node", *compiler, *strict, "--outDir", "built", f"{name}.ts", folder=folder)
    return await run("node", f"built/{name}.js", folder=folder, ERRANDS=json.dumps(told))
