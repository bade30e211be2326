/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.combine.DareMasks;
import org.lora4j.combine.ExtractedAdapter;
import org.lora4j.combine.LoraExtraction;
import org.lora4j.combine.ModuleComparison;
import org.lora4j.combine.RankReduction;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/combine.md. */
class GuideCombineTest {

    private static final Logger log = LoggerFactory.getLogger(GuideCombineTest.class);

    private final Adapter sql = adapter(2, 1);
    private final Adapter german = adapter(2, 3);
    private final Adapter chat = adapter(1, 2);

    /** An adapter of the module "query" with the update value * value in every element, times the rank. */
    private static Adapter adapter(int rank, double value) {
        INDArray a = Nd4j.valueArrayOf(new long[] {rank, 3}, value, DataType.FLOAT);
        INDArray b = Nd4j.valueArrayOf(new long[] {2, rank}, value, DataType.FLOAT);
        LoraConfig config = LoraConfig.builder()
                .rank(rank)
                .alpha(rank)
                .targetModules("query")
                .build();
        return Adapter.of(config, Map.of("query", Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());
    }

    private static float first(Adapter adapter) {
        return AdapterAlgebra.deltaWeight(adapter, "query").getFloat(0, 0);
    }

    @Test
    void adapters_areCombined() {
        Adapter both = Combine.of(sql, german)
                .weights(0.7, 0.4)
                .algorithm(CombineAlgorithm.CAT)
                .combine();
        Adapter small =
                Combine.of(sql, german, chat).weights(0.7, 0.4, -1).rank(2).combine();
        Adapter merged = Combine.of(sql, german)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.DARE_TIES_SVD)
                .density(0.6)
                .seed(42)
                .combine();

        // Updates 2, 18 and 4 in every element.
        assertThat(first(both)).isCloseTo(8.6f, Offset.offset(1e-5f));
        assertThat(first(small)).isCloseTo(4.6f, Offset.offset(1e-5f));
        assertThat(merged.loraConfig().rank()).isEqualTo(2);
    }

    @Test
    void aRunOfPeft_isRepeated() {
        Map<String, INDArray> stored = new TreeMap<>();
        for (int i = 0; i < 2; i++) {
            stored.put("query.lora_A." + i, Nd4j.ones(2, 3));
            stored.put("query.lora_B." + i, Nd4j.ones(2, 2));
        }

        DareMasks masks = (module, part, adapter) -> stored.get(module + "." + part.peftName() + "." + adapter);
        Adapter asInPython = Combine.of(sql, german)
                .weights(0.7, 0.4)
                .algorithm(CombineAlgorithm.DARE_LINEAR)
                .density(0.6)
                .masks(masks)
                .peftCompatible()
                .combine();

        // All kept: ((root 0.7 + 3 root 0.4) / 0.6)^2 for each of two ranks.
        double root = (Math.sqrt(0.7) + 3 * Math.sqrt(0.4)) / 0.6;
        assertThat((double) first(asInPython)).isCloseTo(2 * root * root, Offset.offset(1e-4));
    }

    @Test
    void oneAdapter_isChangedAndAsked() {
        Adapter half = AdapterAlgebra.rescale(sql, 0.5);
        Adapter away = AdapterAlgebra.negate(sql);
        RankReduction reduced = AdapterAlgebra.reduceRank(german, 1);
        log.info("rank 1 loses {}", reduced.relativeErrors());
        INDArray update = AdapterAlgebra.deltaWeight(sql, "query");

        AdapterComparison compared = AdapterAlgebra.compare(sql, german);
        for (Map.Entry<String, ModuleComparison> module : compared.modules().entrySet()) {
            log.info("{}: cosine {}", module.getKey(), module.getValue().cosine());
        }

        assertThat(first(half)).isEqualTo(1f);
        assertThat(first(away)).isEqualTo(-2f);
        assertThat(reduced.largestError()).isLessThan(1e-12);
        assertThat(update.shape()).containsExactly(2, 3);
        assertThat(compared.modules().get("query").cosine()).isCloseTo(1, Offset.offset(1e-12));
    }

    @Test
    void anAdapter_isExtracted() {
        Map<String, INDArray> base = Map.of("query.weight", Nd4j.zeros(2, 3), "norm.weight", Nd4j.zeros(3));
        Map<String, INDArray> tuned = Map.of("query.weight", Nd4j.ones(2, 3), "norm.weight", Nd4j.ones(3));

        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules("query").build();
        ExtractedAdapter extracted = LoraExtraction.of(config).saveOthers().extract(base, tuned);
        log.info("lost {}, left out {}", extracted.relativeErrors(), extracted.leftOut());

        assertThat(first(extracted.adapter())).isCloseTo(1f, Offset.offset(1e-6f));
        assertThat(extracted.adapter().savedParameters()).containsOnlyKeys("norm.weight");
        assertThat(extracted.leftOut()).isEmpty();
    }
}
