import { describeArchive } from "../contract/archive-contract.js";
import { S3Place } from "./s3-place.js";
import { useGateway } from "./use-gateway.js";

describe("on a real gateway", () => {
	const gateway = useGateway();

	describeArchive("S3", () => new S3Place(gateway()));
});
