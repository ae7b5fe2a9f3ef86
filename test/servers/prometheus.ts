import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { needInstalled } from "./installed.js";

/** A series that Prometheus is to hold. */
export interface PrometheusSeries {
	name: string;
	labels: Record<string, string>;
	/** Unix seconds, to the millisecond, with a value; in the order of time. */
	samples: readonly (readonly [time: number, value: number])[];
}

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/** A real Prometheus on loopback, with a folder of its own that is removed with it. It scrapes nothing. */
export class PrometheusServer {
	readonly url: string;
	readonly #process: ChildProcess;
	readonly #folder: string;

	private constructor(url: string, process: ChildProcess, folder: string) {
		this.url = url;
		this.#process = process;
		this.#folder = folder;
	}

	/** Starts one that holds `series`, or skips the test, or hook, where Prometheus is not installed. */
	static async start(
		test: Mocha.Context,
		series: readonly PrometheusSeries[],
	): Promise<PrometheusServer> {
		needInstalled(test, "prometheus", "prometheus");
		const folder = await mkdtemp(
			join(tmpdir(), "hpc-job-archiver-prometheus-"),
		);
		await makeBlocks(folder, series);
		const config = join(folder, "prometheus.yml");
		await writeFile(config, "scrape_configs: []\n");
		const address = `127.0.0.1:${await freePort()}`;
		const process = spawn(
			"prometheus",
			[
				`--config.file=${config}`,
				`--storage.tsdb.path=${join(folder, "data")}`,
				"--storage.tsdb.retention.time=100y",
				`--web.listen-address=${address}`,
				"--log.level=error",
			],
			{ stdio: "ignore" },
		);
		const server = new PrometheusServer(`http://${address}`, process, folder);
		await server.#ready();
		return server;
	}

	async close(): Promise<void> {
		if (this.#process.exitCode === null) {
			const ended = once(this.#process, "exit");
			this.#process.kill();
			await ended;
		}
		await rm(this.#folder, { recursive: true, force: true });
	}

	async #ready(): Promise<void> {
		const giveUpMs = performance.now() + START_TIMEOUT_MS;
		while (performance.now() < giveUpMs && this.#process.exitCode === null) {
			const answer = await fetch(`${this.url}/-/ready`).catch(() => undefined);
			if (answer?.ok) return;
			await sleep(POLL_MS);
		}
		await this.close();
		throw new Error("Prometheus did not start");
	}
}

/** Prometheus takes in the past only as finished blocks. */
async function makeBlocks(
	folder: string,
	series: readonly PrometheusSeries[],
): Promise<void> {
	const input = join(folder, "series.txt");
	await writeFile(input, openMetricsOf(series));
	const { status, stderr } = spawnSync("promtool", [
		...["tsdb", "create-blocks-from", "openmetrics"],
		...[input, join(folder, "data")],
	]);
	if (status !== 0) throw new Error(`promtool failed: ${stderr}`);
}

function openMetricsOf(series: readonly PrometheusSeries[]): string {
	const byName = new Map<string, string[]>();
	for (const { name, labels, samples } of series) {
		const lines = byName.get(name) ?? [`# TYPE ${name} gauge`];
		byName.set(name, lines);
		const pairs = Object.entries(labels).map(
			([label, value]) => `${label}=${JSON.stringify(value)}`,
		);
		for (const [time, value] of samples)
			lines.push(`${name}{${pairs}} ${value} ${time}`);
	}
	return [...[...byName.values()].flat(), "# EOF", ""].join("\n");
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string")
		throw new Error("no port was given");
	return address.port;
}
