import { replaceFile } from "../../archive/file/replace-file.js";
import type { Column } from "../../codec/column.js";
import { encodeFile } from "../../codec/columnar/encode-file.js";
import { toArchiverError } from "../../errors.js";
import { Breather } from "./breather.js";
import type { HeldJob } from "./holds.js";
import type { StorePool } from "./pool-tasks.js";
import type { Host, Series } from "./series.js";
import type { SeriesTable } from "./series-table.js";
import {
	frameStart,
	type SeriesFrame,
	snapshotMark,
} from "./snapshot-format.js";

/** Samples of a frame, unless one series has more: what a worker takes at once, and what is encoded here in some 2 ms. */
const POOL_FRAME_SAMPLES = 64 * 1024;
const SLICE_FRAME_SAMPLES = 16 * 1024;

export interface SnapshotContents {
	table: SeriesTable;
	heldJobs: HeldJob[];
	/** Puts a host's series on the grids of the metrics as they are configured now. */
	adopt: (host: Host) => void;
	pool?: StorePool;
}

/** What a snapshot holds. */
export interface SnapshotFacts {
	series: number;
	/** Slots with and without samples. */
	samples: number;
	bytes: number;
}

/** A frame before it is encoded. `buffer` holds the samples of all columns. */
interface Frame {
	json: SeriesFrame;
	columns: Column[];
	buffer: ArrayBuffer;
}

/**
 * Writes a snapshot: to a temporary file in the same folder, which takes the place of `path` once it is on disk. Every
 * series is as it is at some moment between begin and end. Lets the event loop run in between.
 *
 * @throws ArchiverError SNAPSHOT_FAILED; what was at `path` is still there then.
 */
export async function writeSnapshot(
	path: string,
	contents: SnapshotContents,
): Promise<SnapshotFacts> {
	try {
		return await write(path, contents);
	} catch (error) {
		throw toArchiverError(error, "SNAPSHOT_FAILED", { path });
	}
}

async function write(
	path: string,
	contents: SnapshotContents,
): Promise<SnapshotFacts> {
	const { pool, heldJobs } = contents;
	const facts = { series: 0, samples: 0 };
	const bytes = await replaceFile(path, async (file) => {
		await file.write(snapshotMark());
		let frames = 0;
		for await (const { json, columns, buffer } of framesOf(contents)) {
			facts.series += json.places.length;
			for (const { samples } of columns) facts.samples += samples.length;
			const data =
				pool === undefined
					? encodeFile(columns, "fast")
					: await packIn(pool, columns, buffer);
			await file.write(frameStart(json, data));
			await file.write(data);
			frames++;
		}
		await file.write(frameStart({ frames, heldJobs }, new Uint8Array(0)));
	});
	return { ...facts, bytes };
}

async function packIn(
	pool: StorePool,
	columns: readonly Column[],
	buffer: ArrayBuffer,
): Promise<Uint8Array> {
	const task = { kind: "pack", columns, buffer } as const;
	return (await pool.run(task, { transfer: [buffer] })).bytes;
}

async function* framesOf({
	table,
	adopt,
	pool,
}: SnapshotContents): AsyncGenerator<Frame> {
	const most = pool === undefined ? SLICE_FRAME_SAMPLES : POOL_FRAME_SAMPLES;
	const breather = new Breather();
	for (const cluster of table.clusters()) {
		let gathered: Series[] = [];
		let samples = 0;
		for (const host of table.hosts(cluster)) {
			adopt(host);
			for (const { devices } of host.measurements.values()) {
				for (const series of devices.values()) {
					const { length } = series.ring;
					if (length === 0) continue;
					if (samples > 0 && samples + length > most) {
						yield frameOf(cluster, gathered);
						gathered = [];
						samples = 0;
					}
					gathered.push(series);
					samples += length;
				}
			}
			if (breather.isDue) await breather.pause();
		}
		if (gathered.length > 0) yield frameOf(cluster, gathered);
	}
}

/** Copies series into columns, one a metric. */
function frameOf(cluster: string, gathered: readonly Series[]): Frame {
	const seriesOfMetrics = new Map<string, Series[]>();
	let count = 0;
	for (const series of gathered) {
		const { name } = series.measurement.metric;
		seriesOfMetrics.set(name, [...(seriesOfMetrics.get(name) ?? []), series]);
		count += series.ring.length;
	}
	const all = new Float64Array(count);
	const places: SeriesFrame["places"] = [];
	let at = 0;
	const columns = [...seriesOfMetrics.values()].map((alike): Column => {
		const { name, scope, unit, timestep } = alike[0].measurement.metric;
		const start = at;
		for (const { ring, measurement } of alike) {
			ring.copy(ring.oldestSlot, ring.length, all, at);
			at += ring.length;
			places.push([measurement.phase, ring.oldestSlot]);
		}
		return {
			metric: name,
			scope,
			unit,
			timestep,
			hostnames: alike.map(({ measurement }) => measurement.host.hostname),
			ids: scope === "node" ? null : alike.map(({ device }) => device),
			lengths: Uint32Array.from(alike, ({ ring }) => ring.length),
			samples: all.subarray(start, at),
		};
	});
	return { json: { cluster, places }, columns, buffer: all.buffer };
}
