/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The small models of every family among the test resources, for what holds for all of them. */
public final class EncoderModels {

    private static final Path MODELS = Path.of("src/test/resources/encoders/models");

    private EncoderModels() {}

    /** Those that differ most from BERT, for tests of every build: the others take longer than they tell. */
    public static List<String> few() {
        return List.of("albert-seqcls", "deberta-v3-multilabel-bias");
    }

    /** All others: a directory that comes is in. */
    public static List<String> others() {
        try (Stream<Path> folders = Files.list(MODELS)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .filter(name -> !few().contains(name))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a model lies. */
    static Path directory(String model) {
        return MODELS.resolve(model);
    }

    /** The weights of a model. */
    public static EncoderWeights weights(String model) throws IOException {
        return PretrainedEncoder.load(MODELS.resolve(model)).weights();
    }
}
