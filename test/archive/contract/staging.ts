import { expect } from "chai";
import type { Archive, StagedJob } from "../../../lib/archive/archive.js";
import type { Column, DataEncoding } from "../../../lib/codec/column.js";
import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../../../lib/codec/columnar/index.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import {
	assembleJson,
	encodeJsonColumn,
} from "../../../lib/codec/json/index.js";
import type { JobData } from "../../../lib/schema/metric.js";
import { testData } from "../../support/job-data.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { commitAll, expectData, stage } from "./jobs.js";
import type { TestPlace } from "./use-place.js";

export function describeStaging(places: TestPlace): void {
	const { format, here, open, openReady } = places;
	const encoding: DataEncoding = format === "json" ? "json.gz" : "columnar";

	it("shows nothing of a job before it is committed", async () => {
		const archive = await openReady();
		const contents = await here().contents();
		const job = testJob();
		const staged = await archive.stage(job);
		await staged.append(piecesOf(testData(1, 300))[0]);
		await expectNoJob(archive);
		await staged.discard();
		const sealed = await stage(archive, job, testData(1, 300));
		await expectNoJob(archive);
		await archive.close();
		// Nor after a restart: it was not acknowledged.
		await expectNoJob(await open());
		expect(await here().contents()).to.deep.equal(contents);
		await sealed.discard();
	});

	const sizes = { small: 3, "of some size": 700, large: 200_000 };
	for (const [name, samples] of Object.entries(sizes))
		it(`takes a ${name} job bit by bit, as the chunks of it come`, async () => {
			const archive = await openReady();
			const job = testJob();
			const staged = await archive.stage(job);
			expect(staged.key).to.deep.equal({
				cluster: job.cluster,
				jobId: job.jobId,
				startTime: job.startTime,
			});
			let bytes = 0;
			// One buffer for all: it is the caller's again after each call.
			const buffer = new Uint8Array(77_777);
			for (const piece of piecesOf(testData(3, samples)))
				for (let at = 0; at < piece.length; at += buffer.length) {
					const part = piece.subarray(at, at + buffer.length);
					buffer.set(part);
					await staged.append(buffer.subarray(0, part.length));
					bytes += part.length;
					expect(staged.dataBytes).to.equal(bytes);
				}
			buffer.fill(0);
			await staged.seal(encoding, job);
			await commitAll(archive, [staged]);
			await expectData(archive, job, testData(3, samples));
			const stored = await archive.loadStoredData(job);
			expect(stored.bytes.byteLength).to.equal(bytes);
		});

	it("keeps pieces in the order in which they were added", async () => {
		const archive = await openReady();
		const staged = await archive.stage(testJob());
		const pieces = piecesOf(testData(5, 30)).flatMap((piece) =>
			Array.from(piece, (_, i) => piece.subarray(i, i + 1)),
		);
		await Promise.all(pieces.map((piece) => staged.append(piece)));
		await staged.seal(encoding, testJob());
		await commitAll(archive, [staged]);
		await expectData(archive, testJob(), testData(5, 30));
	});

	it("holds several jobs open side by side", async () => {
		const archive = await openReady();
		const jobs = [0, 1, 2].map((jobId) => testJob({ jobId }));
		const staged = await Promise.all(jobs.map((job) => archive.stage(job)));
		const pieces = jobs.map(({ jobId }) =>
			piecesOf(testData(jobId, 30_000)).flatMap(quarters),
		);
		for (let p = 0; p < pieces[0].length; p++)
			await Promise.all(staged.map((job, i) => job.append(pieces[i][p])));
		await Promise.all(staged.map((job, i) => job.seal(encoding, jobs[i])));
		await commitAll(archive, [staged[2], staged[0], staged[1]]);
		for (const job of jobs)
			await expectData(archive, job, testData(job.jobId, 30_000));
	});

	const states: Record<string, (staged: StagedJob) => Promise<unknown>> = {
		empty: async () => undefined,
		"with data": (staged) => staged.append(new Uint8Array(5000)),
		"with much data": (staged) => staged.append(new Uint8Array(3_000_000)),
		"while data are added": async (staged) => {
			staged.append(new Uint8Array(1_000_000)).catch(() => undefined);
		},
		sealed: (staged) => staged.seal(encoding, testJob()),
		"sealed, with much data": async (staged) => {
			await staged.append(new Uint8Array(3_000_000));
			await staged.seal(encoding, testJob());
		},
		"while it is being sealed": async (staged) => {
			staged.seal(encoding, testJob()).catch(() => undefined);
		},
		discarded: (staged) => staged.discard(),
	};
	for (const [name, reach] of Object.entries(states))
		it(`leaves nothing of a job that is discarded ${name}, and again`, async () => {
			const archive = await openReady();
			const contents = await here().contents();
			const staged = await archive.stage(testJob());
			await reach(staged);
			await staged.discard();
			await staged.discard();
			expect(await here().contents()).to.deep.equal(contents);
			for (const late of [
				() => staged.append(new Uint8Array(1)),
				() => staged.seal(encoding, testJob()),
			])
				expect((await rejected(late())).code).to.equal("INVALID_INPUT");
			const [error] = await archive.commit([staged]);
			expect(error?.code).to.equal("INVALID_INPUT");
		});

	it("leaves nothing of jobs that are staged when the archive is closed", async () => {
		const archive = await openReady();
		const contents = await here().contents();
		await (await archive.stage(testJob())).append(new Uint8Array(3_000_000));
		await stage(archive, testJob({ jobId: 2 }), testData(1));
		await archive.close();
		expect(await here().contents()).to.deep.equal(contents);
	});

	it("leaves the version that is there alone", async () => {
		const archive = await openReady();
		await archive.importJob(testJob(), testData(1, 300));
		const contents = await here().contents();
		const staged = await stage(archive, testJob(), testData(2, 30_000));
		await expectData(archive, testJob(), testData(1, 300));
		await staged.discard();
		await expectData(archive, testJob(), testData(1, 300));
		expect(await here().contents()).to.deep.equal(contents);
	});

	/** A job's data in the tests' format, in pieces as they come from the workers. */
	function piecesOf(data: JobData): Uint8Array[] {
		const columns = columnsOf(data);
		return format === "json" ? jsonPieces(columns) : columnarPieces(columns);
	}
}

async function expectNoJob(archive: Archive): Promise<void> {
	const job = testJob();
	expect(await archive.exists(job)).to.equal(false);
	for (const load of [archive.loadJobMeta(job), archive.loadStoredData(job)])
		expect((await rejected(load)).code).to.equal("JOB_UNKNOWN");
	for await (const { key } of archive.iterate())
		expect.fail(`${key.jobId} was found`);
	expect((await archive.info()).jobs).to.equal(0);
}

function jsonPieces(columns: readonly Column[]): Uint8Array[] {
	return assembleJson(columns).map((piece) =>
		piece instanceof Uint8Array ? piece : encodeJsonColumn(piece),
	);
}

function columnarPieces(columns: readonly Column[]): Uint8Array[] {
	const pieces = [fileHeader()];
	let byteOffset = pieces[0].byteLength;
	const parts = columns.map((column) => {
		const { frames, summary } = encodePart([column], "fast");
		const part = { byteOffset, summary };
		pieces.push(frames.slice());
		byteOffset += frames.byteLength;
		return part;
	});
	return [...pieces, encodeTail(parts, {})];
}

function quarters(piece: Uint8Array): Uint8Array[] {
	const length = Math.ceil(piece.length / 4);
	return [0, 1, 2, 3].map((i) => piece.subarray(i * length, (i + 1) * length));
}
