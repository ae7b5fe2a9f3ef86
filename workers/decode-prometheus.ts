import type { Column } from "../lib/codec/column.js";
import type { JobInterval } from "../lib/source/asked-columns.js";
import type {
	LabelledColumn,
	PrometheusAnswer,
	PrometheusAnswers,
} from "../lib/source/prometheus/answers.js";
import {
	buildersOf,
	type ColumnBuilder,
	finishColumns,
} from "./column-builder.js";
import { joinBody } from "./join-body.js";
import { JsonReader, readingAnswer } from "./json-reader.js";
import { NumberBuffer } from "./number-buffer.js";

const ANSWER_KEYS = ["status", "data"];
const DATA_KEYS = ["resultType", "result"];
const SERIES_KEYS = ["metric", "values"];

/** Samples of one series, until it is known whose they are. */
const times = new NumberBuffer();
const values = new NumberBuffer();

/**
 * The columns that Prometheus' answers hold. Hosts and devices that were not asked for are left out.
 *
 * @returns Columns in the thread's sample space.
 * @throws ArchiverError SOURCE_DATA_INVALID, also when two series are of the same device, or a series does not say of which.
 */
export function decodePrometheus({
	columns,
	interval,
	answers,
	path,
}: PrometheusAnswers): Column[] {
	const builders = buildersOf(columns);
	const decoders = columns.map(
		(column, i) => new ColumnDecoder(column, builders[i], interval),
	);
	for (const answer of answers)
		readingAnswer(path, () => decoders[answer.column].read(answer));
	return finishColumns(builders);
}

class ColumnDecoder {
	readonly #column: LabelledColumn;
	readonly #builder: ColumnBuilder;
	readonly #interval: JobInterval;
	/** Host, then device, to the series' place among those asked for. */
	readonly #places: ReadonlyMap<string, ReadonlyMap<string | null, number>>;
	readonly #labels: string[];

	constructor(
		column: LabelledColumn,
		builder: ColumnBuilder,
		interval: JobInterval,
	) {
		this.#column = column;
		this.#builder = builder;
		this.#interval = interval;
		this.#places = placesOf(column);
		this.#labels = [column.hostLabel, column.idLabel].filter(
			(label) => label !== null,
		);
	}

	read(body: PrometheusAnswer): void {
		const reader = new JsonReader(joinBody(body));
		const seen = new Set<number>();
		let status: string | undefined;
		let found = false;
		reader.object(ANSWER_KEYS, (key) => {
			if (key === 0) status = reader.string();
			else if (key === 1) found = this.#readData(reader, seen);
			else reader.skip();
		});
		reader.end();
		if (status !== "success" || !found)
			reader.fail("status 'success' with a matrix");
	}

	#readData(reader: JsonReader, seen: Set<number>): boolean {
		let found = false;
		reader.object(DATA_KEYS, (key) => {
			if (key === 0) {
				if (reader.string() !== "matrix") reader.fail("a matrix");
			} else if (key === 1) {
				found = true;
				reader.list(() => this.#readSeries(reader, seen));
			} else reader.skip();
		});
		return found;
	}

	#readSeries(reader: JsonReader, seen: Set<number>): void {
		let host: string | undefined;
		let id: string | null | undefined;
		times.length = 0;
		values.length = 0;
		reader.object(SERIES_KEYS, (key) => {
			if (key === 0) {
				reader.object(this.#labels, (label) => {
					if (label === 0) host = reader.string();
					else if (label === 1) id = reader.string();
					else reader.skip();
				});
			} else if (key === 1) readPoints(reader);
			else reader.skip();
		});
		const { hostLabel, idLabel } = this.#column;
		if (host === undefined) reader.fail(`a label ${hostLabel} on each series`);
		if (idLabel === null) id = null;
		if (id === undefined) reader.fail(`a label ${idLabel} on each series`);
		const place = this.#placeOf(host, id);
		if (place === undefined) return;
		if (seen.has(place))
			reader.fail(`one series for ${host}${id === null ? "" : ` and ${id}`}`);
		seen.add(place);
		this.#place(this.#builder.series(place));
	}

	#placeOf(host: string, id: string | null): number | undefined {
		const devices =
			this.#places.get(host) ?? this.#places.get(host.replace(/:\d+$/, ""));
		return devices?.get(id);
	}

	#place(series: Float64Array): void {
		const { timestep } = this.#column;
		for (let i = 0; i < times.length; i++) {
			const slot = Math.floor(
				(times.values[i] - this.#interval.startTime) / timestep,
			);
			if (slot >= 0 && slot < series.length) series[slot] = values.values[i];
		}
	}
}

/** Reads pairs of an instant and, as a string, its value. Infinities are no measurements, so they count as missing. */
function readPoints(reader: JsonReader): void {
	reader.list(() => {
		reader.list((part) => {
			if (part === 0) times.push(reader.number());
			else if (part === 1) values.push(reader.quotedNumber());
			else reader.fail("an instant and a value");
		});
		if (times.length !== values.length) reader.fail("an instant and a value");
	});
}

function placesOf({
	hosts,
}: LabelledColumn): Map<string, Map<string | null, number>> {
	let place = 0;
	return new Map(
		hosts.map(({ hostname, ids }) => [
			hostname,
			new Map((ids ?? [null]).map((id) => [id, place++])),
		]),
	);
}
