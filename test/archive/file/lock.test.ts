import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { useChildren } from "../../support/child.js";
import { testCluster } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { scriptedFileSystem } from "../../support/scripted-file-system.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { filesBelow, testArchive } from "./archives.js";

const LOCK = "hpc-job-archiver.lock";
const CONTENDERS = 4;
const ROUNDS = 25;

/** Opens the archives that it is told to, at the given time, says how that went, and closes when it is told so. */
const OPENER = `
	import { createInterface } from "node:readline";
	const { openArchive } = await import(process.argv[1]);
	console.log("ready");
	let archive;
	for await (const line of createInterface(process.stdin)) {
		const [path, atMs] = line.split(" ");
		if (line === "close") {
			await archive?.close();
			archive = undefined;
			console.log("closed");
			continue;
		}
		while (Date.now() < Number(atMs));
		try {
			archive = await openArchive(path, { fsync: false });
			console.log("opened");
		} catch (error) {
			console.log(error.code);
		}
	}
`;

describe("the lock of a file archive", () => {
	const folder = useTempFolder();
	const startChild = useChildren();
	const lockFile = () => join(folder(), LOCK);

	async function startOpener() {
		const module = new URL("../../../lib/archive/open.js", import.meta.url);
		const child = startChild({ text: OPENER }, [module.href]);
		expect(await child.line()).to.equal("ready");
		return child;
	}

	async function readLock() {
		return JSON.parse(await readFile(lockFile(), "utf8"));
	}

	it("keeps a second process from writing for as long as the first one lives, and no reader", async () => {
		await (await testArchive(folder())).close();
		const child = await startOpener();
		child.tell(folder());
		expect(await child.line()).to.equal("opened");
		const error = await rejected(openArchive(folder()));
		expect(error).to.include({ code: "ARCHIVE_LOCKED", retryable: true });
		expect(error.message).to.contain(`process ${child.pid} on host`);
		expect(error.details).to.deep.include({ path: lockFile() });
		const reader = await openArchive(folder(), { readOnly: true });
		expect(await reader.clusters()).to.deep.equal(["testcluster"]);
		await reader.close();
		await child.kill();
		const archive = await openArchive(folder());
		expect((await readLock()).pid).to.equal(process.pid);
		await archive.close();
		expect(existsSync(lockFile())).to.equal(false);
	});

	it("is shared by the archives of one process, and goes with the last", async () => {
		const [first, second] = await Promise.all([
			openArchive(folder()),
			openArchive(folder()),
		]);
		await first.close();
		await first.close();
		await second.storeClusterConfig("testcluster", testCluster());
		expect(existsSync(lockFile())).to.equal(true);
		await second.close();
		expect(await filesBelow(folder())).to.deep.equal([
			"hpc-job-archiver.json",
			"testcluster/cluster.json",
			"version.txt",
		]);
	});

	it("says who holds it", async () => {
		const archive = await openArchive(folder());
		expect(await readLock()).to.include({
			host: hostname(),
			pid: process.pid,
		});
		await archive.close();
	});

	const dead = 2 ** 22 + 1;
	const holders: Record<string, [overrides: object, isTaken: boolean]> = {
		"a process that lives": [
			{ pid: process.ppid, processStart: undefined },
			false,
		],
		"a process that is gone": [{ pid: dead }, true],
		"a process whose number another one has now": [
			{ pid: process.ppid, processStart: "1" },
			true,
		],
		"this process's number, before this process": [{ processStart: "1" }, true],
		"a process before the last boot": [
			{ pid: process.ppid, processStart: undefined, bootId: "another" },
			true,
		],
		"a process of another host": [{ host: "elsewhere", pid: dead }, false],
		"a process of another host before its boot": [
			{ host: "elsewhere", pid: dead, bootId: "another" },
			false,
		],
	};
	for (const [name, [overrides, isTaken]] of Object.entries(holders)) {
		it(`of ${name} ${isTaken ? "is taken over" : "stays"}`, async () => {
			const before = await testArchive(folder());
			const holder = { ...(await readLock()), token: "0123", ...overrides };
			await before.close();
			await writeFile(lockFile(), JSON.stringify(holder));
			if (isTaken) {
				await (await openArchive(folder())).close();
				expect(existsSync(lockFile())).to.equal(false);
			} else {
				const error = await rejected(openArchive(folder()));
				expect(error.code).to.equal("ARCHIVE_LOCKED");
				expect(error.message).to.contain(
					`${holder.pid} on host ${holder.host}`,
				);
				expect(await readLock()).to.deep.equal(
					JSON.parse(JSON.stringify(holder)),
				);
			}
			expect(
				(await filesBelow(folder())).filter((file) => file.includes(".lock.")),
			).to.deep.equal([]);
		});
	}

	it("that cannot be read stays, and the error says what to do", async () => {
		await (await testArchive(folder())).close();
		for (const text of ["", "{", '{"host":"here"}', "null"]) {
			await writeFile(lockFile(), text);
			const error = await rejected(openArchive(folder()));
			expect(error.code).to.equal("ARCHIVE_LOCKED");
			expect(error.message).to.contain(`${lockFile()} does not say which`);
		}
	});

	it("of a dead process goes to exactly one of those that want it", async function () {
		this.timeout(60_000);
		const children = await Promise.all(
			Array.from({ length: CONTENDERS }, startOpener),
		);
		for (let round = 0; round < ROUNDS; round++) {
			const path = join(folder(), `${round}`);
			const archive = await openArchive(path, { fsync: false });
			const lock = join(path, LOCK);
			const holder = JSON.parse(await readFile(lock, "utf8"));
			await archive.close();
			const stale = { ...holder, pid: dead, token: "aa" };
			await writeFile(lock, JSON.stringify(stale));
			// In every other round somebody has died on the way to it, too.
			if (round % 2 === 1)
				await writeFile(
					`${lock}.aa`,
					JSON.stringify({ ...stale, token: "bb" }),
				);
			const atMs = Date.now() + 30;
			for (const child of children) child.tell(`${path} ${atMs}`);
			const said = await Promise.all(children.map((child) => child.line()));
			expect(said.sort(), `round ${round}`).to.deep.equal([
				...Array(CONTENDERS - 1).fill("ARCHIVE_LOCKED"),
				"opened",
			]);
			for (const child of children) child.tell("close");
			await Promise.all(children.map((child) => child.line()));
			expect(await filesBelow(path), `round ${round}`).to.deep.equal([
				"hpc-job-archiver.json",
				"version.txt",
			]);
		}
	});

	it("works without hard links", async () => {
		const fileSystem = scriptedFileSystem(({ name }) =>
			name === "link" ? { code: "ENOTSUP" } : undefined,
		);
		const archive = await openArchive(folder(), { fileSystem });
		const child = await startOpener();
		child.tell(folder());
		expect(await child.line()).to.equal("ARCHIVE_LOCKED");
		await archive.close();
		child.tell(folder());
		expect(await child.line()).to.equal("opened");
		expect((await rejected(openArchive(folder()))).code).to.equal(
			"ARCHIVE_LOCKED",
		);
	});

	it("is not left behind by an opening that fails", async () => {
		await mkdir(join(folder(), "a"));
		const fileSystem = scriptedFileSystem(({ name, to }) =>
			name === "rename" && to?.endsWith("version.txt")
				? { code: "EIO" }
				: undefined,
		);
		const error = await rejected(
			openArchive(join(folder(), "a"), { fileSystem }),
		);
		expect(error.code).to.equal("ARCHIVE_WRITE_FAILED");
		expect(await filesBelow(join(folder(), "a"))).to.deep.equal([
			"hpc-job-archiver.json",
		]);
	});
});
