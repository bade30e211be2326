/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.C3aConfig;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** C3A cuts a weight into square blocks: a block that does not divide both sides is refused wherever it meets a weight, as in PEFT. */
public abstract class C3aBlocksContract {

    /** A model with the linear modules "wide", 4 to 12, and "narrow", 12 to 6. */
    protected abstract AdaptedModel model();

    private static C3aConfig config(int block, Map<String, Integer> pattern) {
        return C3aConfig.builder()
                .blockSize(block)
                .blockSizePattern(pattern)
                .targetModules("wide", "narrow")
                .build();
    }

    /** In the order of their size: of the outputs of "wide" alone, of its inputs alone, larger than a side, of neither. */
    @ParameterizedTest
    @CsvSource({"6", "4", "12", "24", "5", "256"})
    void fresh_withABlockThatDividesNotBothSides_isRefusedWithTheNameOfTheModule(int block) {
        AdaptedModel model = model();
        Map<String, long[]> sides = Map.of("wide", new long[] {4, 12}, "narrow", new long[] {12, 6});

        var refused = assertThatThrownBy(() -> model.addAdapter("a", config(block, Map.of()), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter \"a\"");

        sides.forEach((path, sizes) -> {
            if (sizes[0] % block != 0 || sizes[1] % block != 0) {
                refused.hasMessageContaining("module \"" + path + "\": C3A");
            }
        });
        refused.hasMessageContaining("blockSize = " + block + "; expected a divisor of inputs and outputs");
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void fresh_withAPatternThatDividesNotBothSides_isRefusedForItsModuleAlone() {
        AdaptedModel model = model();

        assertThatThrownBy(() -> model.addAdapter("a", config(2, Map.of("narrow", 4)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"narrow\": C3A")
                .hasMessageContaining("blockSize = 4; expected a divisor")
                .hasMessageNotContaining("\"wide\"");
        model.addAdapter("b", config(2, Map.of("wide", 4, "narrow", 3)), 1);
    }

    /** Kernels of whole blocks that the config wants, and that no weight of these sides has. */
    private static Adapter strange(C3aConfig config) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        Map.of("wide", new long[] {12, 4}, "narrow", new long[] {6, 12}).forEach((path, sizes) -> {
            int block = config.blockSizeOf(path);
            long rows = Math.max(1, sizes[0] / block);
            long columns = Math.max(1, sizes[1] / block);
            modules.put(path, Map.of("c3a_kernel", Nd4j.ones(DataType.FLOAT, rows, columns, block)));
        });
        return Adapter.of(config, modules, Map.of());
    }

    @ParameterizedTest
    @CsvSource({"6, 2", "4, 2", "24, 2", "2, 4", "2, 5", "2, 12"})
    void loaded_withABlockThatDividesNotBothSides_isRefusedWithTheNameOfTheModule(int block, int ofNarrow) {
        AdaptedModel model = model();
        Adapter adapter = strange(config(block, Map.of("narrow", ofNarrow)));
        boolean wide = 4 % block != 0 || 12 % block != 0;
        String path = wide ? "wide" : "narrow";
        boolean refused = wide || 12 % ofNarrow != 0 || 6 % ofNarrow != 0;

        if (!refused) {
            model.addAdapter("a", adapter);
            return;
        }
        assertThatThrownBy(() -> model.addAdapter("a", adapter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter \"a\"")
                .hasMessageContaining("module \"" + path + "\": C3A");
        assertThat(model.adapterNames()).isEmpty();
        ModelWeights base = ModelWeights.of(model());
        assertThatThrownBy(() -> WeightMerge.merged(base, List.of(adapter))).hasMessageContaining("\"" + path + "\"");
        assertThatThrownBy(() -> AdapterConversion.of(adapter).rank(1).on(base))
                .hasMessageContaining("\"" + path + "\"");
    }
}
