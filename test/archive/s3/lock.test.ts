import { hostname } from "node:os";
import { expect } from "chai";
import { LOCK_FILE } from "../../../lib/archive/lock-holder.js";
import { S3_CREDENTIALS } from "../../servers/ceph-rgw.js";
import { useChildren } from "../../support/child.js";
import { testData } from "../../support/job-data.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { expectData } from "../contract/jobs.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

const LIBRARY = new URL("../../../lib/index.js", import.meta.url).href;

/** Opens the archive, begins to upload a job in parts, says how that went, and stays. */
const OTHER_PROCESS = `
	const { openArchive } = await import(${JSON.stringify(LIBRARY)});
	try {
		const archive = await openArchive(JSON.parse(process.argv[1]));
		const staged = await archive.stage({ cluster: "testcluster", jobId: 9, startTime: 9 });
		await staged.append(new Uint8Array(6 * 2 ** 20));
		console.log("open");
	} catch (error) {
		console.log(error.code);
	}
	process.stdin.resume();
`;

describe("the lock of an S3 archive", () => {
	const gateway = useGateway();
	const startChild = useChildren();
	let place: S3Place;

	beforeEach(() => {
		place = new S3Place(gateway());
	});

	afterEach(() => place?.close());

	const otherProcess = () =>
		startChild({ text: OTHER_PROCESS }, [JSON.stringify(place.configuration)]);

	it("keeps other processes from writing, until its own is dead", async () => {
		const writer = await place.open();
		await writer.storeClusterConfig("testcluster", testCluster());
		await writer.importJob(testJob(), testData(1));
		await writer.close();
		const sound = await place.contents();
		const child = otherProcess();
		expect(await child.line()).to.equal("open");
		const error = await rejected(place.open());
		expect(error.code).to.equal("ARCHIVE_LOCKED");
		expect(error.details.received).to.include({
			host: hostname(),
			pid: child.pid,
		});
		expect(error.message).not.to.include(S3_CREDENTIALS.secretAccessKey);
		const reader = await place.open({ readOnly: true });
		await expectData(reader, testJob(), testData(1));
		for await (const { path } of reader.strays()) expect.fail(path);
		expect(await place.contents()).to.have.length(sound.length + 1);
		await child.kill();
		const strays: string[] = [];
		for await (const { code } of reader.strays()) strays.push(code);
		expect(strays).to.deep.equal(["LEFTOVER"]);
		await reader.close();
		const successor = await place.open();
		expect(await place.contents()).to.deep.equal(sound);
		await successor.importJob(testJob({ jobId: 2 }), testData(2));
		await successor.close();
		expect(await place.keys()).not.to.include(LOCK_FILE);
	});

	it("is taken by one of several that come in the same moment", async () => {
		const children = Array.from({ length: 3 }, otherProcess);
		const said = await Promise.all(children.map((child) => child.line()));
		expect(said.toSorted()).to.deep.equal([
			"ARCHIVE_LOCKED",
			"ARCHIVE_LOCKED",
			"open",
		]);
	});

	for (const [whose, text] of [
		["of another host", '{"host":"other","pid":1,"token":"00"}'],
		["that names nobody", "something"],
	])
		it(`${whose} is respected`, async () => {
			await (await place.open()).close();
			await place.put(LOCK_FILE, text);
			const error = await rejected(place.open());
			expect(error.code).to.equal("ARCHIVE_LOCKED");
			expect(error.message).to.include(LOCK_FILE);
			await place.remove(LOCK_FILE);
			await (await place.open()).close();
		});
});
