import { expect } from "chai";
import * as v from "valibot";
import { invalidInput } from "../../lib/schema/invalid-input.js";
import {
	counts,
	finite,
	listOf,
	looseObjectOf,
	mapOf,
	name,
	objectOf,
} from "../../lib/schema/shapes.js";
import { validate } from "../../lib/schema/validate.js";
import { thrown } from "../support/thrown.js";

const shape = objectOf({
	title: v.optional(v.string()),
	resources: listOf(objectOf({ hostname: name, hwthreads: counts })),
	load: v.optional(mapOf(finite)),
});

describe("validate", () => {
	it("returns what the schema makes of a good value", () => {
		const value = {
			title: null,
			resources: [{ hostname: "n1", hwthreads: [0, 1], rack: 7 }],
		};
		expect(validate(shape, value, "job")).to.deep.equal({
			resources: [{ hostname: "n1", hwthreads: [0, 1] }],
		});
	});

	const longName = "x".repeat(300);
	const faults: Record<string, [value: unknown, problem: string]> = {
		"a wrong type deep inside": [
			{ resources: [{ hostname: 17, hwthreads: [] }] },
			"resources.0.hostname: expected a non-empty string, received 17",
		],
		"a key that is missing": [
			{ resources: [{ hwthreads: [] }] },
			"resources.0.hostname: missing",
		],
		"a key that is null": [
			{ resources: [{ hostname: null, hwthreads: [] }] },
			"resources.0.hostname: missing",
		],
		"a bad entry of a list of counts": [
			{ resources: [{ hostname: "n1", hwthreads: [0, 1.5, -1] }] },
			"resources.0.hwthreads.1: expected a non-negative integer, received 1.5",
		],
		"a bad entry of a map": [
			{ resources: [], load: { a: 1, b: "high" } },
			'load.b: expected a finite number, received "high"',
		],
		"a list where an object belongs": [
			{ resources: [[1, 2, 3]] },
			"resources.0: expected an object, received a list of 3",
		],
		"an object where a list belongs": [
			{ resources: {} },
			"resources: expected a list, received an object",
		],
		"a long string, shortened": [
			{ resources: longName },
			`resources: expected a list, received "${"x".repeat(80)}… (300 characters)"`,
		],
		"a function": [
			{ resources: () => 1 },
			"resources: expected a list, received a function",
		],
	};
	for (const [what, [value, problem]] of Object.entries(faults))
		it(`names path and value of ${what}`, () => {
			const error = thrown(() => validate(shape, value, "job"));
			expect(error.code).to.equal("INVALID_INPUT");
			expect(error.retryable).to.equal(false);
			expect(error.message).to.equal(`job is not valid: ${problem}`);
			expect(error.details.field).to.equal(problem.split(":")[0]);
			expect(error.details.problems).to.deep.equal([problem]);
		});

	it("says what is wrong when it is the whole value", () => {
		const error = thrown(() => validate(shape, null, "job"));
		expect(error.message).to.equal(
			"job is not valid: expected an object, received null",
		);
		expect(error.details).to.include({ field: "job", received: null });
	});

	it("lists every problem in the details, and the first ten in the message", () => {
		const resources = Array.from({ length: 13 }, () => ({ hwthreads: [] }));
		const { message, details } = thrown(() =>
			validate(shape, { resources }, "job"),
		);
		expect(details.problems).to.have.length(13);
		expect(message).to.include("resources.9.hostname: missing; and 3 more");
		expect(message).not.to.include("resources.10");
	});

	it("throws the code asked for", () => {
		const error = thrown(() =>
			validate(shape, {}, "options", "INVALID_OPTION"),
		);
		expect(error.code).to.equal("INVALID_OPTION");
	});

	it("reports only what can cross a thread", () => {
		for (const received of [() => 1, Symbol("s"), 12n, [() => 1], { a: 1 }]) {
			const { details } = thrown(() => validate(name, received, "name"));
			expect(structuredClone(details)).to.deep.equal(details);
			expect(details.received).to.be.a("string");
		}
	});
});

describe("looseObjectOf", () => {
	it("keeps unknown keys as they are and in place, even those of Object.prototype", () => {
		const text =
			'{"constructor":1,"b":null,"title":"t","__proto__":{"x":[null]},"prototype":2}';
		const loose = looseObjectOf({ title: v.string() });
		const output = validate(loose, JSON.parse(text), "value");
		expect(JSON.stringify(output)).to.equal(text);
	});

	it("drops a null where a known key may be absent", () => {
		const loose = looseObjectOf({ title: v.optional(v.string()) });
		expect(validate(loose, { title: null, x: null }, "value")).to.deep.equal({
			x: null,
		});
	});
});

describe("invalidInput", () => {
	it("names field, expectation and value", () => {
		const error = invalidInput("jobId", "an integer", "12");
		expect(error.message).to.equal('jobId: expected an integer, received "12"');
		expect(error.details).to.deep.equal({ field: "jobId", received: "12" });
	});
});
