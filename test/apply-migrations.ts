import { migrate } from "./migrate";

await migrate();
