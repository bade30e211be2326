/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;

class LoraTextGeneratorTest {

    private static final Path MODEL = Path.of("../language/src/test/resources/language/models/stories260k");

    @Test
    void texts_areThoseOfTheModelWithTheAdapterOfTheRow() throws IOException {
        List<String> prompts = List.of("Once upon a time", "The dog", "Lily went to", "One day");
        List<String> expected = new ArrayList<>();
        try (CausalLm model = CausalLm.load(MODEL);
                CausalLmServer server = CausalLmServer.builder(model).build()) {
            server.register("adapter-all", MODEL.resolve("adapter-all"));
            for (int i = 0; i < prompts.size(); i++) {
                String adapter = i % 2 == 0 ? "adapter-all" : null;
                expected.add(server.submit(adapter, prompts.get(i), GenerationConfig.greedy(8))
                        .result()
                        .text());
            }
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            rows.add(RowFactory.create(prompts.get(i), i % 2 == 0 ? "adapter-all" : null));
        }
        Dataset<Row> table = LocalSpark.table("prompt STRING, voice STRING", rows);
        LoraTextGenerator generator = new LoraTextGenerator()
                .setCheckpoint(MODEL.toString())
                .setMaxNewTokens(8)
                .setAdapterCol("voice")
                .setAdaptersPath(MODEL.toString());

        assertThat(generator.transform(table).collectAsList())
                .extracting(row -> row.<String>getAs("generated"))
                .isEqualTo(expected);

        Dataset<Row> unknown = LocalSpark.table(
                "prompt STRING, voice STRING",
                List.of(RowFactory.create("The", "nobody"), RowFactory.create("The", null)));
        List<Row> kept = generator
                .setHandleInvalid("keep")
                .setErrorCol("error")
                .transform(unknown.coalesce(1))
                .collectAsList();
        assertThat(kept.get(0).<String>getAs("error")).contains("the adapter \"nobody\" cannot be used");
        assertThat(kept.get(1).<String>getAs("generated")).isNotEmpty();
        assertThatThrownBy(() -> new LoraTextGenerator().transform(table))
                .hasMessageContaining("checkpoint is not set");
    }
}
