import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { WorkerPool } from "../../../lib/dispatch/pool.js";
import { CcMetricStoreSource } from "../../../lib/source/cc-metric-store/source.js";
import { buffersOf } from "../../../lib/source/chunk-buffers.js";
import type { MetricStoreChunk } from "../../../lib/source/source.js";
import type { Fault, StoreOptions } from "../../servers/cc-metric-store.js";
import { testJob } from "../../support/jobs.js";
import { loadRequest } from "../../support/load-request.js";
import { load, seriesOf } from "../../support/loaded-columns.js";
import { rejected } from "../../support/rejected.js";
import { seriesOfJob, storeOf } from "./stored-job.js";
import { useStore } from "./use-store.js";

const MIB = 2 ** 20;

describe("CcMetricStoreSource when something goes wrong", () => {
	const startStore = useStore();
	/** A small job, asked for with one request. */
	const request = loadRequest(testJob({ duration: 300 }));
	const stored = seriesOfJob(request, 1);

	/** A store whose first requests go wrong in these ways. */
	const failingFirst = (...faults: Fault[]): StoreOptions => ({
		...storeOf(stored),
		fault: (n) => faults[n],
	});

	for (const [name, fault] of Object.entries<Fault>({
		"status 500": { status: 500, text: "out of order" },
		"status 503": { status: 503 },
		"status 429": { status: 429 },
		"a broken connection": "drop",
		"an answer that is cut off half-way": "cut",
	})) {
		it(`asks again after ${name}`, async () => {
			const { server, source } = await startStore(failingFirst(fault, fault));
			const series = seriesOf(await load(source, request));
			expect(series.size).to.equal(stored.length);
			expect(server.requestBytes).to.have.length(3);
		});
	}

	it("asks again after an attempt that took too long", async () => {
		const { server, source } = await startStore(failingFirst("hang"), {
			timeoutMs: 200,
		});
		const series = seriesOf(await load(source, request));
		expect(series.size).to.equal(stored.length);
		expect(server.requestBytes).to.have.length(2);
	});

	it("waits as long as the store asks for", async () => {
		const { server, source } = await startStore(
			failingFirst({ status: 429, headers: { "retry-after": "1" } }),
		);
		await load(source, request);
		const [first, second] = server.arrivalsMs;
		expect(second - first).to.be.at.least(990);
	});

	it("leaves it to a later try when the store asks for a long wait", async () => {
		const { server, source } = await startStore(
			failingFirst({ status: 503, headers: { "retry-after": "3600" } }),
		);
		const error = await rejected(load(source, request));
		expect(error).to.include({ code: "SOURCE_UNAVAILABLE", retryable: true });
		expect(server.requestBytes).to.have.length(1);
	});

	it("gives up after the last attempt and tells the last reason", async () => {
		const { server, source } = await startStore(
			{
				...storeOf(stored),
				fault: () => ({ status: 502, text: "bad\ngateway" }),
			},
			{ retries: 2 },
		);
		const error = await rejected(load(source, request));
		expect(error).to.include({ code: "SOURCE_UNAVAILABLE", retryable: true });
		expect(error.message)
			.to.include(`${server.url}/api/query`)
			.and.include("status 502: bad gateway")
			.and.include("3 attempts");
		expect(error.details.received).to.equal(502);
		expect(server.requestBytes).to.have.length(3);
	});

	for (const status of [400, 401, 403, 404, 302]) {
		it(`does not ask again after status ${status}`, async () => {
			const { server, source } = await startStore(failingFirst({ status }));
			const error = await rejected(load(source, request));
			expect(error).to.include({
				code: "SOURCE_UNAVAILABLE",
				retryable: false,
			});
			expect(error.details.received).to.equal(status);
			expect(server.requestBytes).to.have.length(1);
		});
	}

	it("tells when nobody answers", async () => {
		const source = new CcMetricStoreSource({
			url: "http://127.0.0.1:1",
			retries: 1,
			retryDelayMs: 1,
		});
		const error = await rejected(load(source, request));
		expect(error).to.include({ code: "SOURCE_UNAVAILABLE", retryable: true });
		expect(error.message).to.include("ECONNREFUSED");
		await source.close();
	});

	it("tells nobody the token, whatever the store says", async () => {
		const token = "s3cr3t-t0k3n";
		const echo = createServer((incoming, response) => {
			response.writeHead(403);
			response.end(`not with ${incoming.headers.authorization}`);
		});
		await new Promise<void>((resolve) => {
			echo.listen(0, "127.0.0.1", resolve);
		});
		const { port } = echo.address() as AddressInfo;
		const source = new CcMetricStoreSource({
			url: `http://127.0.0.1:${port}`,
			token,
		});
		const error = await rejected(load(source, request));
		expect(error.message).to.include("not with Bearer ***");
		const told = [error.message, error.stack, JSON.stringify(error.details)];
		expect(told.join()).not.to.include(token);
		await source.close();
		echo.closeAllConnections();
		await new Promise((resolve) => echo.close(resolve));
	});

	it("stops at once when the job is cancelled", async () => {
		const cancel = new AbortController();
		const { source } = await startStore({
			...storeOf(stored),
			fault: () => {
				setImmediate(() => cancel.abort());
				return "hang";
			},
		});
		const error = await rejected(
			load(source, { ...request, signal: cancel.signal }),
		);
		expect(error.code).to.equal("ABORTED");
	});

	it("stops at once when the job is cancelled between two attempts", async () => {
		const cancel = new AbortController();
		const { server, source } = await startStore(
			{
				...storeOf(stored),
				fault: () => {
					setTimeout(() => cancel.abort(), 50);
					return { status: 500 };
				},
			},
			{ retryDelayMs: 60_000 },
		);
		const error = await rejected(
			load(source, { ...request, signal: cancel.signal }),
		);
		expect(error.code).to.equal("ABORTED");
		expect(server.requestBytes).to.have.length(1);
	});

	it("stops at once when it is closed", async () => {
		const { source } = await startStore({
			...storeOf(stored),
			fault: () => {
				setImmediate(() => void source.close());
				return "hang";
			},
		});
		expect((await rejected(load(source, request))).code).to.equal("ABORTED");
	});

	it("gives up a job's other requests when one fails", async () => {
		const { server, source } = await startStore(
			{
				...storeOf(stored),
				fault: (n) => (n === 1 ? { status: 400 } : n > 1 ? "hang" : undefined),
			},
			{ batchQueries: 10, timeoutMs: 60_000 },
		);
		const error = await rejected(load(source, request));
		expect(error.details.received).to.equal(400);
		expect(server.requestBytes.length).to.be.lessThan(stored.length / 10);
	});

	it("has so many requests under way at once, over all jobs, on as many connections", async () => {
		const jobs = 4;
		const requests = jobs * Math.ceil(stored.length / 5);
		const held: (() => void)[] = [];
		const most = { held: 0, connections: 0 };
		const { server, source } = await startStore(
			{
				find: () => undefined,
				fault: (n) =>
					new Promise((resolve) => {
						held.push(() => resolve(undefined));
						most.held = Math.max(most.held, held.length);
						most.connections = Math.max(most.connections, server.connections);
						if (held.length === 3 || n === requests - 1)
							for (const release of held.splice(0)) setImmediate(release);
					}),
			},
			{ concurrency: 3, batchQueries: 5 },
		);
		await Promise.all(
			Array.from({ length: jobs }, () => load(source, request)),
		);
		expect(server.requestBytes).to.have.length(requests);
		expect(most).to.deep.equal({ held: 3, connections: 3 });
	});

	it("turns an answer of 200 MB away without holding it", async () => {
		const { source } = await startStore(failingFirst({ blanks: 200 * MIB }));
		const before = process.memoryUsage().arrayBuffers;
		let most = 0;
		const watch = setInterval(() => {
			most = Math.max(most, process.memoryUsage().arrayBuffers - before);
		}, 5);
		const error = await rejected(load(source, request));
		clearInterval(watch);
		expect(error.code).to.equal("SOURCE_DATA_INVALID");
		expect(error.message).to.include(String(64 * MIB));
		expect(most).to.be.lessThan(128 * MIB);
	});

	it("takes an answer of 200 MB where it may be so large, and reads it in a worker", async () => {
		const { source } = await startStore(failingFirst({ blanks: 200 * MIB }), {
			maxBodyBytes: 256 * MIB,
		});
		const chunks: MetricStoreChunk[] = [];
		for await (const chunk of source.load(request)) chunks.push(chunk);
		expect(chunks).to.have.length(1);
		expect(chunks[0].answers[0].byteLength).to.be.greaterThan(200 * MIB);
		const pool = new WorkerPool({
			poolMinThreads: 1,
			poolMaxThreads: 1,
			poolIdleTimeoutMs: 0,
		});
		const encoded = await pool.run(
			{
				kind: "encode",
				chunk: chunks[0],
				format: "columnar",
				compression: "fast",
				whole: false,
			},
			{ transfer: buffersOf(chunks[0]) },
		);
		await pool.close();
		const expected = stored.reduce(
			(sum, { series }) => sum + series.samples.length,
			0,
		);
		expect(encoded.samples).to.equal(expected);
	});
});
