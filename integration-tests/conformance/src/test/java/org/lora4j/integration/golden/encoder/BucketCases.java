/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lora4j.integration.golden.lm.LmCase;
import org.lora4j.internal.encoder.Buckets;

/** The tables of the functions that give a relative position a row. */
final class BucketCases {

    private static final ObjectMapper JSON = new ObjectMapper();

    private BucketCases() {}

    static void run(Path fixtures, Consumer<LmCase> done) throws IOException {
        int number = 0;
        for (JsonNode one : JSON.readTree(fixtures.resolve("buckets.json").toFile())) {
            done.accept(check("buckets/" + number++, one));
        }
    }

    private static LmCase check(String name, JsonNode one) {
        String function = one.path("function").asText();
        int size = one.path("bucket_size").asInt();
        int most = one.path("max_position").asInt();
        int last = one.path("last").asInt();
        Buckets buckets = function.startsWith("T5")
                ? Buckets.t5(
                        one.path("num_buckets").asInt(),
                        one.path("max_distance").asInt())
                : function.startsWith("MPNet") ? Buckets.mpnet() : Buckets.deberta(size, most, last);
        List<String> problems = new ArrayList<>();
        int relative = one.path("first").asInt();
        for (JsonNode bucket : one.path("buckets")) {
            // DeBERTa's table begins at the row of the farthest position, and the farthest ones share it.
            int expected = size == 0 ? bucket.asInt() : Math.max(0, Math.min(2 * size - 1, bucket.asInt() + size));
            if (buckets.row(relative) != expected) {
                problems.add(relative + " has row " + buckets.row(relative) + ", expected " + expected);
            }
            relative++;
        }
        return LmCase.of(name, problems);
    }
}
