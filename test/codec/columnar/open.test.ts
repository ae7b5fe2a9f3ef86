import { expect } from "chai";
import type { Column, Compression } from "../../../lib/codec/column.js";
import {
	type ByteReader,
	encodePart,
	openColumnar,
} from "../../../lib/codec/columnar/index.js";
import { measureColumn } from "../../../lib/codec/statistics.js";
import {
	encodeParts,
	expectSameColumns,
	nodeColumn,
} from "../../support/columnar-files.js";
import { seededColumns } from "../../support/seeded-columns.js";

/** A store that remembers what it was asked for. */
class CountingReader implements ByteReader {
	readonly #bytes: Uint8Array;
	reads: [offset: number, length: number][] = [];

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	get byteLength(): number {
		return this.#bytes.length;
	}

	async read(offset: number, length: number): Promise<Uint8Array> {
		this.reads.push([offset, length]);
		return this.#bytes.subarray(offset, offset + length);
	}
}

const HEADER_BYTES = 8;
const TRAILER_BYTES = 16;
const columns = seededColumns(11, { hosts: 6, length: 400 });

/** Where each column's block lies in a file of one part, and the frame of missing samples. */
function placesOf(level: Compression) {
	const { summary } = encodePart(columns, level);
	let offset = HEADER_BYTES;
	const blocks = summary.columns.map(({ block }) => {
		const start = offset;
		if (block.inline === undefined)
			offset += block.frameBytes.reduce((a, b) => a + b, 0);
		return { start, end: offset, encoding: block.encoding };
	});
	const gaps = {
		start: offset,
		end: offset + (summary.gaps?.storedBytes ?? 0),
	};
	return { blocks, gaps };
}

function isWithin(
	[offset, length]: [number, number],
	ranges: readonly { start: number; end: number }[],
): boolean {
	for (let byte = offset; byte < offset + length; byte++)
		if (!ranges.some(({ start, end }) => start <= byte && byte < end))
			return false;
	return true;
}

describe("openColumnar", () => {
	for (const level of ["fast", "small"] as const) {
		it(`${level}: one metric takes its own frames, those of missing samples, and of one other column at most`, async () => {
			const file = encodeParts([columns], level);
			const { blocks, gaps } = placesOf(level);
			let referring = 0;
			for (const [i, column] of columns.entries()) {
				const reader = new CountingReader(file);
				const opened = await openColumnar(reader);
				expect(reader.reads.slice(0, 2)).to.deep.equal([
					[0, HEADER_BYTES],
					[file.length - TRAILER_BYTES, TRAILER_BYTES],
				]);
				expect(reader.reads[2][0]).to.equal(gaps.end);
				expect(reader.reads).to.have.length(3);

				reader.reads = [];
				const loaded = await opened.load({ metrics: [column.metric] });
				expectSameColumns(loaded, [column]);
				const allowed = [blocks[i], gaps];
				const { encoding } = blocks[i];
				if ("coding" in encoding && "reference" in encoding.coding) {
					const other = blocks[encoding.coding.reference as number];
					const itself = other.encoding;
					expect("coding" in itself && "reference" in itself.coding).to.equal(
						false,
					);
					allowed.push(other);
					referring++;
				}
				expect(reader.reads.every((read) => isWithin(read, allowed))).to.equal(
					true,
				);
			}
			expect(referring).to.be.above(0);
		});
	}

	it("tells headers and statistics from the index alone", async () => {
		const reader = new CountingReader(encodeParts([columns], "fast"));
		const opened = await openColumnar(reader);
		expect(reader.reads).to.have.length(3);
		expect(opened.columns.map(({ metric }) => metric)).to.deep.equal(
			columns.map(({ metric }) => metric),
		);
		expect(opened.columns.map(({ statistics }) => statistics)).to.deep.equal(
			columns.map(measureColumn),
		);
	});

	it("reads neighbours at once", async () => {
		const reader = new CountingReader(encodeParts([columns], "fast"));
		const opened = await openColumnar(reader);
		reader.reads = [];
		expectSameColumns(await opened.load(), columns);
		expect(reader.reads).to.have.length(1);
	});

	it("selects by scope and metric", async () => {
		const all: Column[] = [
			nodeColumn("a", [[1]]),
			nodeColumn("a", [[2]], { scope: "core", ids: ["0"] }),
			nodeColumn("b", [[3]]),
		];
		const opened = await openColumnar(
			new CountingReader(encodeParts([all], "fast")),
		);
		const names = async (selection: Parameters<typeof opened.load>[0]) =>
			(await opened.load(selection)).map((c) => `${c.metric}/${c.scope}`);
		expect(await names({ scopes: ["core"] })).to.deep.equal(["a/core"]);
		expect(await names({ metrics: ["b", "none"] })).to.deep.equal(["b/node"]);
		expect(await names({ metrics: ["a"], scopes: ["node"] })).to.deep.equal([
			"a/node",
		]);
		expect(await names({ metrics: [] })).to.deep.equal([]);
	});

	it("refuses a store that gives fewer bytes than asked for", async () => {
		const file = encodeParts([columns], "fast");
		let failure: unknown;
		try {
			await openColumnar({
				byteLength: file.length,
				read: async (offset, length) =>
					file.subarray(offset, offset + length - 1),
			});
		} catch (error) {
			failure = error;
		}
		expect(failure).to.have.property("code", "DATA_CORRUPT");
	});
});
