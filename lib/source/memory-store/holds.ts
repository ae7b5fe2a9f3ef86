import { formatJobKey, type JobKey } from "../../schema/job.js";
import type { Host } from "./series.js";
import type { SeriesTable } from "./series-table.js";

/** What of a job decides which samples it needs. */
export type HeldJob = JobKey & { resources: readonly { hostname: string }[] };

/** The jobs whose samples must stay, however old they become. */
export class Holds {
	readonly #table: SeriesTable;
	readonly #jobs = new Map<string, { key: JobKey; hosts: readonly Host[] }>();
	readonly #startTimes = new Map<Host, number[]>();

	constructor(table: SeriesTable) {
		this.#table = table;
	}

	/** The jobs held. */
	get jobs(): HeldJob[] {
		return [...this.#jobs.values()].map(({ key, hosts }) => ({
			...key,
			resources: hosts.map(({ hostname }) => ({ hostname })),
		}));
	}

	get size(): number {
		return this.#jobs.size;
	}

	/** Holding a job again, perhaps with other hosts, takes the place of the first time. */
	hold({ cluster, jobId, startTime, resources }: HeldJob): void {
		const key = { cluster, jobId, startTime };
		this.release(key);
		const hostnames = new Set(resources.map(({ hostname }) => hostname));
		const hosts = [...hostnames].map((name) => this.#table.host(cluster, name));
		this.#jobs.set(formatJobKey(key), { key, hosts });
		for (const host of hosts) {
			const startTimes = this.#startTimes.get(host) ?? [];
			startTimes.push(startTime);
			this.#startTimes.set(host, startTimes);
			host.heldFromSeconds = Math.min(host.heldFromSeconds, startTime);
		}
	}

	/** @returns the job's hosts; none when it was not held. */
	release(key: JobKey): readonly Host[] {
		const name = formatJobKey(key);
		const hosts = this.#jobs.get(name)?.hosts ?? [];
		this.#jobs.delete(name);
		for (const host of hosts) {
			const startTimes = this.#startTimes.get(host) ?? [];
			startTimes.splice(startTimes.indexOf(key.startTime), 1);
			if (startTimes.length === 0) this.#startTimes.delete(host);
			host.heldFromSeconds = Math.min(...startTimes);
		}
		return hosts;
	}
}
