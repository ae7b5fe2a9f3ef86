import { KeyTable, parseSeriesKey } from "../../codec/line-protocol/index.js";
import type { SampleWriter } from "./sample-writer.js";
import { SeriesHandle } from "./sample-writer.js";
import type { SeriesTable } from "./series-table.js";

/** Where samples with one series key go: to a series, nowhere (undefined), or nowhere because the key says too little. */
export type LineTarget = SeriesHandle | undefined | { reason: string };

/** A key that is to be read, with the cluster it names. */
interface ReadKey {
	cluster: string;
	hostname: string;
	metric: string;
	scope: string;
	device: string;
	/** Named by a tag that tells apart parts of a device, such as network interfaces. No scope is that fine. */
	isPart: boolean;
}

/** The series keys of lines, with what they mean to the store. */
export class LineTargets {
	readonly keys = new KeyTable();
	readonly #targets: LineTarget[] = [];
	readonly #defaultCluster: string | undefined;
	readonly #askedFor = new Set<string>();

	/** @param defaultCluster - Of lines that name none. */
	constructor(defaultCluster: string | undefined) {
		this.#defaultCluster = defaultCluster;
	}

	/** Whether it is known what every key means. */
	get isResolved(): boolean {
		return this.#targets.length === this.keys.count;
	}

	at(key: number): LineTarget {
		return this.#targets[key];
	}

	/**
	 * Finds out what some of the new keys mean.
	 *
	 * @param most - Keys to look at.
	 * @returns the name of a cluster that is not configured: the caller has the chance to make it known, since what keys mean
	 *   is not looked at again. Each is named once.
	 */
	resolveSome(
		table: SeriesTable,
		writer: SampleWriter,
		most: number,
	): string | undefined {
		const first = this.#targets.length;
		const end = Math.min(this.keys.count, first + most);
		for (let key = first; key < end; key++) {
			const read = readKey(this.keys.textAt(key), this.#defaultCluster);
			if ("cluster" in read && this.#isMissing(read.cluster, table))
				return read.cluster;
			this.#targets.push(targetOf(read, table, writer));
		}
		return undefined;
	}

	#isMissing(cluster: string, table: SeriesTable): boolean {
		if (table.isConfigured(cluster) || this.#askedFor.has(cluster))
			return false;
		this.#askedFor.add(cluster);
		return true;
	}
}

/** Tags as cc-metric-collector sets them; others don't matter. */
function readKey(
	text: string,
	defaultCluster: string | undefined,
): ReadKey | { reason: string } {
	const key = parseSeriesKey(text);
	if (typeof key === "string") return { reason: key };
	const { metric, tags } = key;
	const cluster = tags.get("cluster") ?? defaultCluster;
	const hostname = tags.get("hostname");
	const scope = tags.get("type") ?? "node";
	const device = scope === "node" ? "" : tags.get("type-id");
	if (cluster === undefined) return { reason: "there is no tag cluster" };
	if (hostname === undefined) return { reason: "there is no tag hostname" };
	if (device === undefined) return { reason: "there is no tag type-id" };
	const isPart = tags.has("stype") || tags.has("stype-id");
	return { cluster, hostname, metric, scope, device, isPart };
}

function targetOf(
	read: ReadKey | { reason: string },
	table: SeriesTable,
	writer: SampleWriter,
): LineTarget {
	if ("reason" in read) return read;
	const { cluster, hostname, metric, scope, device, isPart } = read;
	if (isPart || table.metric(cluster, metric)?.scope !== scope)
		return undefined;
	return new SeriesHandle(writer, cluster, hostname, metric, device);
}
