/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/guide-samediff.md on files and errors. */
class GuideSavingTest {

    private static final Logger log = LoggerFactory.getLogger(GuideSavingTest.class);

    @TempDir
    private Path folder;

    private final SameDiff graph = UserGraph.create();
    private final Map<String, INDArray> inputs =
            Map.of("input", UserGraph.examples(3).getFeatures());
    private AdaptedSameDiff model;

    @BeforeEach
    void inject() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("dense1")
                .modulesToSave("head")
                .initialization(Initialization.RANDOM)
                .build();
        model = Lora.inject(graph, config, 42);
    }

    private INDArray scores(SameDiff of) {
        return of.output(inputs, "scores").get("scores");
    }

    private INDArray scores() {
        return model.output(inputs, "scores").get("scores");
    }

    @Test
    void adapters_areSavedAndLoaded() throws IOException {
        Path directory = folder.resolve("adapter");

        Adapter adapter = model.adapter("default");
        adapter.save(directory);
        adapter.save(folder.resolve("half"), StorageType.F16);

        AdaptedSameDiff loaded = Lora.load(graph, directory);
        loaded.setTrainable("default", true);
        loaded.addAdapter("another", Adapter.load(folder.resolve("half")));

        assertThat(directory)
                .isDirectoryContaining("glob:**adapter_config.json")
                .isDirectoryContaining("glob:**adapter_model.safetensors");
        assertThat(UserGraph.largestDifference(loaded.output(inputs, "scores").get("scores"), scores()))
                .isZero();
        assertThat(loaded.trainableParameters()).hasSize(4);
        assertThat(loaded.activeAdapters()).containsExactly("default");
    }

    @Test
    void graphs_areSavedByStockSameDiff() {
        File adaptedFile = folder.resolve("adapted.fb").toFile();
        File mergedFile = folder.resolve("merged.fb").toFile();

        model.graph().save(adaptedFile, false);
        model.mergeAndUnload().save(mergedFile, false);
        SameDiff adapted = SameDiff.load(adaptedFile, false);
        SameDiff merged = SameDiff.load(mergedFile, false);

        // Sums of at most 16 products of floats below 10, in another order.
        assertThat(UserGraph.largestDifference(scores(adapted), scores())).isLessThan(1e-5);
        assertThat(UserGraph.largestDifference(scores(merged), scores())).isLessThan(1e-5);
    }

    @Test
    void errors_areToldApart() throws IOException {
        Path directory = folder.resolve("adapter");
        model.adapter("default").save(directory);
        Files.write(directory.resolve("adapter_model.safetensors"), new byte[] {1, 2, 3});
        AdaptedSameDiff loaded = null;

        try {
            loaded = Lora.load(graph, directory);
        } catch (IncompatibleBaseException e) {
            log.warn("made for another base: {}", e.getMessage());
        } catch (CorruptAdapterException e) {
            log.warn("get the file again: {}", e.getMessage());
        }

        assertThat(loaded).isNull();
    }
}
