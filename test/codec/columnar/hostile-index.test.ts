import { crc32, deflateSync } from "node:zlib";
import { expect } from "chai";
import { Packr } from "msgpackr";
import {
	DEFAULT_LIMITS,
	decodeColumnar,
	encodePart,
	fileHeader,
	verifyColumnar,
} from "../../../lib/codec/columnar/index.js";
import { sealIndex } from "../../../lib/codec/columnar/layout.js";
import { zstdBound, zstdCompress } from "../../../lib/codec/columnar/zstd.js";
import { isArchiverError } from "../../../lib/errors.js";
import { nodeColumn } from "../../support/columnar-files.js";

const packr = new Packr({ useRecords: false });

/** A file whose checksums all hold, with whatever index one likes. */
function forge(index: unknown, frames: Uint8Array = new Uint8Array(0)) {
	return forgeBytes(packr.pack(index), frames);
}

function forgeBytes(
	index: Uint8Array,
	frames: Uint8Array = new Uint8Array(0),
	rawBytes = index.length,
): Uint8Array {
	return Uint8Array.from([
		...fileHeader(),
		...frames,
		...sealIndex(index, rawBytes),
	]);
}

/** An index of one part, for one host, with the given segments of one column. */
function oneColumn(segments: unknown[], gaps: unknown = null): unknown {
	return [
		null,
		["h"],
		[[[0], null]],
		[["m", 0, 60, "B"]],
		[[gaps, ...segments]],
	];
}

/** Statistics of one series: nothing is missing, no scale, and three doubles. */
const STATISTICS = Uint8Array.from([0, 0, ...new Uint8Array(24)]);

function zstd(content: Uint8Array): Uint8Array {
	const target = new Uint8Array(zstdBound(content.length));
	return target.subarray(0, zstdCompress(target, content, "thorough"));
}

function refusal(bytes: Uint8Array): string {
	try {
		decodeColumnar(bytes);
	} catch (error) {
		if (!isArchiverError(error)) throw error;
		return `${error.code}: ${error.message}`;
	}
	return "accepted";
}

const EIGHT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const bomb = zstd(new Uint8Array(1_000_000));
const CASES: Record<string, { file: () => Uint8Array; refused: RegExp }> = {
	"an index that claims to be huge once decompressed": {
		file: () => forgeBytes(zstd(new Uint8Array(1000)), undefined, 2 ** 32 - 1),
		refused: /names an index of 4294967295 bytes/,
	},
	"an index whose frame holds more than it says": {
		file: () => forgeBytes(bomb, undefined, bomb.length + 1),
		refused:
			/cannot be decompressed to \d+ bytes: Destination buffer is too small/,
	},
	"an index that is no zstd frame": {
		file: () => forgeBytes(deflateSync("index"), undefined, 1000),
		refused: /index: a frame/,
	},
	"an array of 2^32 - 1 entries": {
		file: () => forgeBytes(Uint8Array.of(0xdd, 255, 255, 255, 255, 0)),
		refused: /4294967295 more bytes wanted/,
	},
	"a map of 2^32 - 1 entries": {
		file: () => forgeBytes(Uint8Array.of(0xdf, 255, 255, 255, 255, 0)),
		refused: /more bytes wanted/,
	},
	"a text of 2^32 - 1 bytes": {
		file: () => forgeBytes(Uint8Array.of(0xdb, 255, 255, 255, 255, 0)),
		refused: /more bytes wanted/,
	},
	"arrays in arrays in arrays": {
		file: () => forgeBytes(new Uint8Array(100_000).fill(0x91)),
		refused: /nesting is too deep/,
	},
	"an extension type": {
		file: () => forgeBytes(Uint8Array.of(0xd4, 1, 1)),
		refused: /type 212 does not belong here/,
	},
	"bytes behind the index": {
		file: () => forgeBytes(Uint8Array.of(0x90, 0x90)),
		refused: /bytes after the value/,
	},
	"no array at all": { file: () => forge(7), refused: /index is not an array/ },
	"more samples than allowed": {
		file: () => forge(oneColumn([[0, 0, 2 ** 32 - 1, STATISTICS, 0, EIGHT]])),
		refused: /claims 4294967295 samples/,
	},
	"a series of 2^40 samples": {
		file: () => forge(oneColumn([[0, 0, 2 ** 40, STATISTICS, 0, EIGHT]])),
		refused: /a series of 1099511627776 samples/,
	},
	"a host that does not exist": {
		file: () => forge([null, ["h"], [[[7], null]], [], []]),
		refused: /label 7 does not exist/,
	},
	"devices that are not as many as hosts": {
		file: () => forge([null, ["h"], [[[0], [0, 0]]], [], []]),
		refused: /not as many devices as hosts/,
	},
	"a scope that does not exist": {
		file: () => forge([null, [], [], [["m", 6, 60, "B"]], []]),
		refused: /scope 6 does not exist/,
	},
	"a column that does not exist": {
		file: () => forge(oneColumn([[5, 0, 1, STATISTICS, 0, EIGHT]])),
		refused: /column 5 does not exist/,
	},
	"statistics of fewer series": {
		file: () => forge(oneColumn([[0, 0, 1, new Uint8Array(0), 0, EIGHT]])),
		refused: /statistics are not those of 1 series/,
	},
	"frames that reach beyond the file": {
		file: () => forge(oneColumn([[0, 0, 1, STATISTICS, 2, 1, 0, 0, 99, 0]])),
		refused: /frames reach beyond the file/,
	},
	"frames of 2^53 bytes": {
		file: () =>
			forge(
				oneColumn([
					[0, 0, 1, STATISTICS, 2, 1, 0, 0, [2 ** 53 - 1, 2 ** 53 - 1], 0],
				]),
			),
		refused: /frames reach beyond the file/,
	},
	"bytes that no frame accounts for": {
		file: () => forge(oneColumn([]), EIGHT),
		refused: /accounts for 8 of the 16 bytes/,
	},
	"a table of missing samples that claims to be huge": {
		file: () => forge(oneColumn([], [8, 2 ** 40, 0]), EIGHT),
		refused: /a table of missing samples of 1099511627776 bytes/,
	},
	"an encoding of a later release": {
		file: () => forge(oneColumn([[0, 0, 1, STATISTICS, 99]])),
		refused: /FORMAT_UNSUPPORTED: encoding 99/,
	},
	"a coding of a later release": {
		file: () => forge(oneColumn([[0, 0, 1, STATISTICS, 2, 1, 7, 0, [], 0]])),
		refused: /FORMAT_UNSUPPORTED: coding 7/,
	},
	"a scale of 0": {
		file: () => forge(oneColumn([[0, 0, 1, STATISTICS, 2, 0, 0, 0, [], 0]])),
		refused: /scale is 0/,
	},
	"a dictionary of 2^31 values": {
		file: () =>
			forge(oneColumn([[0, 0, 1, STATISTICS, 4, 2 ** 31, 0, 0, 8, 0]]), EIGHT),
		refused: /a table of 2147483648 entries for 1 samples/,
	},
	"2^31 exceptions": {
		file: () =>
			forge(
				oneColumn([[0, 0, 1, STATISTICS, 2, 1, 0, 0, 8, 0, 2 ** 31]]),
				EIGHT,
			),
		refused: /a table of 2147483648 entries/,
	},
	"more planes than integers have": {
		file: () =>
			forge(
				oneColumn([[0, 0, 1, STATISTICS, 2, 1, 0, 0, [1, 1, 1, 1, 1], 0]]),
				EIGHT.subarray(0, 5),
			),
		refused: /5 frames where 0 to 4 belong/,
	},
	"a column that is told from itself": {
		file: () => forge(oneColumn([[0, 0, 1, STATISTICS, 2, 1, 2, 0, [], 0]])),
		refused: /segment 0 cannot be told from 0/,
	},
	"columns that are told from each other": {
		file: () =>
			forge(
				oneColumn([
					[0, 0, 1, STATISTICS, 2, 1, 2, 1, [], 0],
					[0, 0, 1, STATISTICS, 2, 1, 2, 0, [], 0],
				]),
			),
		refused: /segment 0 cannot be told from 1/,
	},
	"a column that is told from one without integers": {
		file: () =>
			forge(
				oneColumn([
					[0, 0, 1, STATISTICS, 0, EIGHT],
					[0, 0, 1, STATISTICS, 2, 1, 2, 0, [], 0],
				]),
			),
		refused: /segment 1 cannot be told from 0/,
	},
	"a frame that holds more than the index says": {
		file: () =>
			forge(
				oneColumn([
					[0, 0, 9, STATISTICS, 2, 1, 0, 0, bomb.length, crc32(bomb)],
				]),
				bomb,
			),
		refused:
			/m\/node: a frame cannot be decompressed to 9 bytes: Destination buffer is too small/,
	},
	"a code beyond its dictionary": {
		file: () => {
			const frames = Uint8Array.of(3, ...EIGHT);
			return forge(
				oneColumn([[0, 0, 1, STATISTICS, 4, 1, 0, 0, [1, 8], crc32(frames)]]),
				frames,
			);
		},
		refused: /m\/node: a sample lies beyond the dictionary/,
	},
	"an exception beyond the column": {
		file: () => {
			const frames = Uint8Array.of(9, 0, 0, 0, ...EIGHT);
			return forge(
				oneColumn([[0, 0, 1, STATISTICS, 2, 1, 0, 0, 12, crc32(frames), 1]]),
				frames,
			);
		},
		refused: /m\/node: exception at sample 9 does not exist/,
	},
	"missing samples without a table of them": {
		file: () => {
			const statistics = Uint8Array.from(STATISTICS);
			statistics[0] = 1;
			return forge(oneColumn([[0, 0, 2, statistics, 0, EIGHT]]));
		},
		refused: /there is no frame of missing samples/,
	},
	"gaps that reach beyond their series": {
		file: () => {
			// One pattern of one run (0 there, 9 missing), which the only series has.
			const table = Uint8Array.of(1, 1, 0, 9, 1, 1);
			const statistics = Uint8Array.from(STATISTICS);
			statistics[0] = 1;
			return forge(
				oneColumn(
					[[0, 0, 2, statistics, 0, EIGHT]],
					[table.length, table.length, crc32(table)],
				),
				table,
			);
		},
		refused: /m\/node: gaps reach beyond their series/,
	},
	"buckets wider than any number": {
		file: () => {
			const head = Uint8Array.of(0, 0, 1, 60);
			return forge(
				oneColumn([
					[0, 0, 1, STATISTICS, 2, 1, 3, null, [4, 0, 0], crc32(head)],
				]),
				head,
			);
		},
		refused: /m\/node: buckets are too wide/,
	},
};

describe("hostile columnar files", () => {
	for (const [name, { file, refused }] of Object.entries(CASES))
		it(`${name}: refused`, () => {
			const bytes = file();
			expect(refusal(bytes)).to.match(refused);
			expect(verifyColumnar(bytes)).to.not.have.length(0);
		});

	it("random bytes with valid checksums never crash, hang or escape the caps", () => {
		const { frames, summary } = encodePart(
			[nodeColumn("m", [[1, 2, Number.NaN, 4]])],
			"small",
		);
		expect(summary.columns).to.have.length(1);
		for (let seed = 1; seed < 3000; seed++) {
			const index = packr.pack(
				oneColumn([[0, 0, 4, STATISTICS, 2, 1, 0, 0, frames.length, 0]]),
			);
			const position = (seed * 7919) % index.length;
			index[position] = (seed * 31) & 0xff;
			expect(refusal(forgeBytes(index, frames.slice()))).to.match(
				/^(DATA_CORRUPT|FORMAT_UNSUPPORTED)/,
			);
		}
	});

	it("caps are the reader's to set", () => {
		const file = forge(oneColumn([[0, 0, 1000, STATISTICS, 0, EIGHT]]));
		expect(decodeColumnar(file)[0].samples).to.have.length(1000);
		expect(() =>
			decodeColumnar(file, undefined, {
				...DEFAULT_LIMITS,
				maxDecodedBytes: 7999,
			}),
		).to.throw(/claims 1000 samples/);
	});
});
