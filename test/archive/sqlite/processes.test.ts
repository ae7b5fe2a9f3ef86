import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { useChildren } from "../../support/child.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { expectData } from "../contract/jobs.js";
import { sqlitePlace } from "./sqlite-place.js";

/** Opens an archive, stages as much of a job as it is told to, and waits to be killed or told to close. */
const WRITER = `
	import { once } from "node:events";
	const [module, target, key, bytes] = process.argv.slice(1);
	const { openArchive } = await import(module);
	const archive = await openArchive(target, { fsync: false });
	const staged = await archive.stage(JSON.parse(key));
	await staged.append(new Uint8Array(Number(bytes)));
	console.log("staged");
	await once(process.stdin, "data");
	await archive.close();
	console.log("closed");
	process.stdin.destroy();
`;

describe("a SQLite archive and several processes", () => {
	const folder = useTempFolder();
	const startChild = useChildren();
	const target = () => `sqlite:${join(folder(), "archive.db")}`;
	const open = (readOnly = false) =>
		openArchive(target(), { readOnly, fsync: false });

	async function startWriter(bytes: number) {
		const module = new URL("../../../lib/archive/open.js", import.meta.url);
		const { cluster, jobId, startTime } = testJob({ jobId: 9 });
		const key = JSON.stringify({ cluster, jobId, startTime });
		const args = [module.href, target(), key, String(bytes)];
		const child = startChild({ text: WRITER }, args);
		expect(await child.line()).to.equal("staged");
		return child;
	}

	async function makeArchive(): Promise<void> {
		const archive = await open();
		await archive.storeClusterConfig("testcluster", testCluster());
		await archive.importJob(testJob(), testData(1, 3000));
		await archive.close();
	}

	it("lets one process write, and others read meanwhile", async () => {
		await makeArchive();
		const child = await startWriter(3_000_000);
		const error = await rejected(open());
		expect(error.code).to.equal("ARCHIVE_LOCKED");
		expect(error.retryable).to.equal(true);
		const reader = await open(true);
		await expectData(reader, testJob(), testData(1, 3000));
		expect((await reader.info()).jobs).to.equal(1);
		await reader.close();
		child.tell("close");
		expect(await child.line()).to.equal("closed");
		await (await open()).close();
	});

	it("lets the next one write as soon as the first is dead, and sweeps up what it had staged", async () => {
		await makeArchive();
		const place = sqlitePlace(folder());
		const contents = await place.contents();
		const child = await startWriter(3_000_000);
		const during = await place.contents();
		expect(during.length).to.be.above(contents.length);
		await (await open(true)).close();
		await child.kill();
		await (await open(true)).close();
		expect(await place.contents()).to.deep.equal(during);
		const archive = await open();
		expect(await place.contents()).to.deep.equal(contents);
		await expectData(archive, testJob(), testData(1, 3000));
		await archive.close();
	});

	it("stages nothing in the database of a small job", async () => {
		await makeArchive();
		const place = sqlitePlace(folder());
		const contents = await place.contents();
		await startWriter(100_000);
		expect(await place.contents()).to.deep.equal(contents);
	});

	it("leaves what is staged alone while its process has the archive open more than once", async () => {
		await makeArchive();
		const [one, two] = [await open(), await open()];
		const staged = await one.stage(testJob({ jobId: 2 }));
		await staged.append(new Uint8Array(3_000_000));
		const place = sqlitePlace(folder());
		const during = await place.contents();
		const three = await open();
		await two.close();
		expect(await place.contents()).to.deep.equal(during);
		await one.close();
		expect(await place.contents()).to.have.length.below(during.length);
		await three.importJob(testJob({ jobId: 3 }), testData(3));
		await three.close();
	});

	it("leaves one file and its empty lock when nobody has it open", async () => {
		await makeArchive();
		expect((await readdir(folder())).sort()).to.deep.equal([
			"archive.db",
			"archive.db-lock",
		]);
	});
});
