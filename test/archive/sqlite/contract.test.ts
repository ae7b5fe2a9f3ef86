import { describeArchive } from "../contract/archive-contract.js";
import { sqlitePlace } from "./sqlite-place.js";

describeArchive("SQLite", sqlitePlace);
