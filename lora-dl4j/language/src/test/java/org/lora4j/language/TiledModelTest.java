/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.DType;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.internal.language.decode.DecodeModel;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model whose matrices have whole tiles, as large ones do: all that is done with it, whatever the processor multiplies. */
class TiledModelTest {

    private static final double ROUNDING = 1e-4;
    private static final int[] IDS = {3, 17, 5, 60, 2, 9, 11};

    @TempDir
    private Path folder;

    private Path brain;

    @BeforeEach
    void write() throws IOException {
        brain = SmallCausalLm.write(Files.createDirectory(folder.resolve("bf16")), null, 128, 192, DType.BF16);
    }

    private static DecoderWeights tiled(Path directory, WeightStorage storage) throws IOException {
        return DecoderWeights.read(directory, storage).inTiles(weight -> Tiled.ROWS);
    }

    private static CausalLm model(Path directory, WeightStorage storage) throws IOException {
        return new CausalLm(directory, tiled(directory, storage), Optional.empty(), Optional.empty(), List.of());
    }

    @ParameterizedTest
    @EnumSource(names = {"AS_STORED", "INT8"})
    void weights_areTiles_ofTheValuesOfTheFile(WeightStorage storage) throws IOException {
        DecoderWeights plain = DecoderWeights.read(brain, storage);
        DecoderWeights tiled = tiled(brain, storage);

        assertThat(tiled.names()).hasSameElementsAs(plain.names());
        assertThat(tiled.bytes()).isEqualTo(plain.bytes());
        for (String name : plain.names()) {
            INDArray values = plain.stored(name).map(StoredWeight::dequantized).orElseGet(() -> plain.array(name));
            if (values.rank() == 2) {
                assertThat(tiled.stored(name)).get().isInstanceOf(Tiled.class);
                assertThat(tiled.stored(name).orElseThrow().dequantized()).isEqualTo(values);
            } else {
                assertThat(tiled.array(name)).isEqualTo(values);
            }
        }
    }

    @Test
    void formsWithout_namesFormsThatTakeLongerThanF32() throws IOException {
        assertThat(DecoderWeights.read(brain, WeightStorage.NF4).formsWithout(DecodeModel::isFast))
                .contains("NF4");
        if (ByteTiles.ofProcessor().isPresent()) {
            assertThat(DecoderWeights.read(brain, WeightStorage.INT8)
                            .inTiles(DecodeModel::rowsOfTile)
                            .formsWithout(DecodeModel::isFast))
                    .isEmpty();
        }
        if (NarrowType.BF16.isFast()) {
            assertThat(DecoderWeights.read(brain, WeightStorage.AS_STORED).formsWithout(DecodeModel::isFast))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AS_STORED", "INT8"})
    void sessionAndGraph_giveTheSame_withAnAdapterToo(WeightStorage storage) throws IOException {
        CausalLm model = model(brain, storage);
        assertSameAsGraph(model, model.logProbabilities(IDS));
        double[] without = model.logProbabilities(IDS);

        model.model()
                .addAdapter(
                        "lora",
                        LoraConfig.builder()
                                .rank(2)
                                .targetModules("q_proj", "v_proj", "down_proj", "gate_proj")
                                .build(),
                        3);
        model.model().activate("lora");
        model.model().setTrainable("lora", true);
        model.model()
                .trainableParameters()
                .forEach(parameter -> parameter.value().addi(0.02));
        double[] with = model.logProbabilities(IDS);
        assertThat(with[3]).isNotCloseTo(without[3], within(10 * ROUNDING));
        assertSameAsGraph(model, with);

        model.model().merge();
        assertThat(model.logProbabilities(IDS)).containsExactly(with, within(10 * ROUNDING));
        model.model().unmerge();
        model.model().disable();
        assertThat(model.logProbabilities(IDS)).containsExactly(without);
    }

    private static void assertSameAsGraph(CausalLm model, double[] found) {
        INDArray logits = model.model()
                .output(model.inputs(new int[][] {IDS}, new int[][] {{1, 1, 1, 1, 1, 1, 1}}), "logits")
                .get("logits");
        for (int t = 0; t < found.length; t++) {
            double sum = 0;
            for (int id = 0; id < model.vocabularySize(); id++) {
                sum += Math.exp(logits.getDouble(0, t, id));
            }
            assertThat(found[t]).isCloseTo(logits.getDouble(0, t, IDS[t + 1]) - Math.log(sum), within(ROUNDING));
        }
    }

    @Test
    void generate_sideBySide_givesWhatEachGivesAlone() throws IOException {
        CausalLm model = model(brain, WeightStorage.AS_STORED);
        GenerationConfig greedy = GenerationConfig.builder().maxNewTokens(6).build();
        List<int[]> prompts = List.of(new int[] {3, 4}, new int[] {9}, new int[] {11, 5, 60}, new int[] {7, 7});

        List<Generation> together = model.generateIds(prompts, greedy, token -> true);

        for (int i = 0; i < prompts.size(); i++) {
            assertThat(together.get(i).newIds())
                    .isEqualTo(model.generateIds(List.of(prompts.get(i)), greedy, token -> true)
                            .get(0)
                            .newIds());
        }
    }
}
