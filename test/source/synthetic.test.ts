import { serialize } from "node:v8";
import { expect } from "chai";
import type { Job } from "../../lib/schema/job.js";
import type { LoadRequest, SyntheticChunk } from "../../lib/source/source.js";
import { SyntheticSource } from "../../lib/source/synthetic.js";
import { synthesize } from "../../workers/synthesize.js";
import { seededJobs, testJob } from "../support/jobs.js";
import { loadRequest } from "../support/load-request.js";
import { rejected } from "../support/rejected.js";
import { thrown } from "../support/thrown.js";

describe("SyntheticSource", () => {
	for (const splitColumns of [true, false]) {
		const way = splitColumns ? "by hosts" : "by metrics";

		it(`cuts ${way}: every series once, within the bytes asked, only the last chunk marked last`, async () => {
			for (const job of seededJobs(11, 12)) {
				const whole = await chunksOf(job, { splitColumns });
				expect(whole).to.have.length(1);
				for (const maxChunkBytes of [1, 50_000, 400_000]) {
					const chunks = await chunksOf(job, { splitColumns, maxChunkBytes });
					expect(chunks.map(({ last }) => last)).to.deep.equal(
						chunks.map((_, index) => index === chunks.length - 1),
					);
					expect(seriesNames(chunks).sort()).to.deep.equal(
						seriesNames(whole).sort(),
					);
					for (const { spec, decodedBytes } of chunks) {
						if (decodedBytes > maxChunkBytes) {
							expect(spec.metrics).to.have.length(1);
							if (splitColumns) expect(spec.hosts).to.have.length(1);
						}
					}
				}
			}
		});

		it(`says exactly how many bytes a chunk's samples take when cut ${way}`, async () => {
			for (const job of seededJobs(12, 6)) {
				const chunks = await chunksOf(job, {
					splitColumns,
					maxChunkBytes: 100_000,
				});
				for (const { spec, decodedBytes } of chunks) {
					const bytes = synthesize(spec).reduce(
						(total, { samples }) => total + samples.byteLength,
						0,
					);
					expect(decodedBytes).to.equal(bytes);
				}
			}
		});
	}

	it("keeps all metrics of a host together where columns may be split and a host fits", async () => {
		const job = testJob({ numNodes: 6 });
		const [{ decodedBytes, spec }] = await chunksOf(job);
		const chunks = await chunksOf(job, {
			maxChunkBytes: Math.ceil(decodedBytes / 2),
		});
		expect(chunks.map(({ spec }) => spec.hosts.length)).to.deep.equal([3, 3]);
		for (const chunk of chunks)
			expect(chunk.spec.metrics).to.deep.equal(spec.metrics);
	});

	it("keeps columns whole, and all scopes of a metric adjacent, where columns may not be split", async () => {
		const job = testJob({ subCluster: "gpu", numNodes: 4, duration: 7200 });
		const chunks = await chunksOf(job, {
			splitColumns: false,
			maxChunkBytes: 100_000,
		});
		expect(chunks.length).to.be.greaterThan(1);
		const columns = chunks.flatMap(({ spec }) => synthesize(spec));
		const keys = columns.map(({ metric, scope }) => `${metric}/${scope}`);
		expect(new Set(keys).size).to.equal(keys.length);
		const metrics = columns.map(({ metric }) => metric);
		const runs = metrics.filter(
			(metric, index) => metric !== metrics[index - 1],
		);
		expect(new Set(runs).size).to.equal(runs.length);
		for (const { hostnames } of columns)
			expect(new Set(hostnames).size).to.equal(4);
	});

	it("yields the same chunks each time", async () => {
		const job = testJob({ numNodes: 5 });
		const options = { maxChunkBytes: 100_000 };
		expect(await chunksOf(job, options)).to.deep.equal(
			await chunksOf(job, options),
		);
	});

	it("describes a job of 1,024 nodes in little, whether or not its resources name their hwthreads", async () => {
		const hosts = Array.from({ length: 1024 }, (_, index) => `n${index}`);
		const hwthreads = Array.from({ length: 32 }, (_, index) => index);
		for (const resources of [
			hosts.map((hostname) => ({ hostname })),
			hosts.map((hostname) => ({ hostname, hwthreads: [...hwthreads] })),
		]) {
			const [chunk] = await chunksOf(testJob({ resources }));
			expect(chunk.spec.hosts).to.have.length(1024);
			expect(serialize(chunk).byteLength).to.be.lessThan(64 * 1024);
		}
	});

	it("leaves out metrics of accelerators on hosts that hold none", async () => {
		const job = testJob({
			subCluster: "gpu",
			resources: [
				{ hostname: "g01", accelerators: ["00000000:01:00.0"] },
				{ hostname: "g02" },
			],
			numAcc: 1,
		});
		const [chunk] = await chunksOf(job);
		const power = synthesize(chunk.spec).filter(
			({ metric }) => metric === "acc_power",
		);
		expect(power.map(({ hostnames }) => hostnames)).to.deep.equal([
			["g01"],
			["g01"],
		]);
	});

	it("needs the job's subcluster", async () => {
		const error = await rejected(
			chunksOf(testJob(), { subCluster: undefined }),
		);
		expect(error.code).to.equal("CLUSTER_UNKNOWN");
	});

	it("says when there is nothing to make series for", async () => {
		const bare = await rejected(chunksOf(testJob({ resources: [] })));
		expect(bare.code).to.equal("NO_DATA");
		const unmeasured = await rejected(chunksOf(testJob(), { metrics: [] }));
		expect(unmeasured.code).to.equal("NO_DATA");
	});

	it("ends with ABORTED once its signal aborts", async () => {
		const controller = new AbortController();
		const request = loadRequest(testJob({ numNodes: 4 }), {
			maxChunkBytes: 1,
			signal: controller.signal,
		});
		const chunks = new SyntheticSource(1).load(request);
		expect((await chunks.next()).done).to.equal(false);
		controller.abort();
		expect((await rejected(chunks.next())).code).to.equal("ABORTED");
		expect((await chunks.next()).done).to.equal(true);
	});

	it("takes whole numbers as seeds", () => {
		expect(new SyntheticSource(-3).seed).to.equal(-3);
		for (const seed of [0.5, Number.NaN, 2 ** 60])
			expect(thrown(() => new SyntheticSource(seed)).code).to.equal(
				"INVALID_INPUT",
			);
	});
});

async function chunksOf(
	job: Job,
	options: Partial<LoadRequest> = {},
): Promise<SyntheticChunk[]> {
	const chunks: SyntheticChunk[] = [];
	const source = new SyntheticSource(1);
	for await (const chunk of source.load(loadRequest(job, options)))
		chunks.push(chunk);
	return chunks;
}

/** One a series, by what the chunks ask for; a series that is asked for twice is there twice. */
function seriesNames(chunks: readonly SyntheticChunk[]): string[] {
	return chunks.flatMap(({ spec }) =>
		spec.metrics.flatMap(({ config, scopes }) =>
			spec.hosts.flatMap(({ hostname, devices }) =>
				scopes.flatMap((scope) =>
					(scope === "node" ? ["-"] : devices[scope]).map(
						(id) => `${config.name}/${scope}/${hostname}/${id}`,
					),
				),
			),
		),
	);
}
