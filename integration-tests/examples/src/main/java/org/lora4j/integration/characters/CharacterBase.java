/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.dl4j.NetworkFile;

/** The base: trained on Shakespeare once, then read from a zip of stock Deeplearning4j. */
record CharacterBase(int hidden, int batches, double rate, long seed, Consumer<String> out) {

    static final int EXAMPLES = 32;
    static final int LENGTH = 200;

    /** Updates of each batch. */
    static final int STRETCHES = LENGTH / CharacterLstm.STRETCH;

    private static final int REPORTS = 10;

    /** The network of the folder's zip, or a new one, which is left there. */
    MultiLayerNetwork trainedOn(Text text, Path folder) throws IOException {
        Path zip = zip(folder);
        if (Files.exists(zip)) {
            out.accept("read from " + zip);
            return NetworkFile.readMultiLayerNetwork(zip);
        }
        MultiLayerNetwork network = CharacterLstm.create(hidden, rate, batches * STRETCHES, seed);
        SplittableRandom random = new SplittableRandom(seed);
        long start = System.nanoTime();
        for (int i = 1; i <= batches; i++) {
            network.fit(Windows.random(text.training(), EXAMPLES, LENGTH, random));
            if (i % Math.max(1, batches / REPORTS) == 0) {
                out.accept(String.format(
                        Locale.ROOT,
                        "%,d of %,d symbols, loss %.3f, %.0f s",
                        i * EXAMPLES * LENGTH,
                        batches * EXAMPLES * LENGTH,
                        network.score() / CharacterLstm.STRETCH,
                        (System.nanoTime() - start) / 1e9));
            }
        }
        ModelSerializer.writeModel(network, zip.toFile(), false);
        return network;
    }

    /** Everything that the weights depend on is in the name. */
    Path zip(Path folder) {
        return folder.resolve("base-" + hidden + "-" + batches + "-" + rate + "-" + seed + ".zip");
    }
}
