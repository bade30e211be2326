/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.integration.characters.CharactersReport.Facts;
import org.lora4j.integration.characters.CharactersReport.Row;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.Outputs;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.model.AdaptedModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Adapts a character LSTM from Shakespeare to Java source through LoRA and compares it with full fine-tuning: what each
 * learns, what each forgets, what a batch costs.
 *
 * <p>Arguments: the folder for the results, the file of Tiny Shakespeare (the run is skipped if it does not exist), and
 * optionally the seed (42).
 */
public final class Characters {

    private static final int HIDDEN = 128;
    private static final int BASE_BATCHES = 250;
    private static final double BASE_RATE = 6e-3;
    private static final int BATCHES = 40;
    private static final int RANK = 8;
    private static final double ALPHA = 16;
    private static final double LORA_RATE = 1e-2;
    private static final double FULL_RATE = 4e-3;

    /** Of the held-out text: enough that the mean loss moves by less than 0.02 from stretch to stretch of this size. */
    private static final int MEASURED_EXAMPLES = 64;

    private static final int MEASURED_LENGTH = 500;
    private static final int SAMPLE = 300;

    private final PrintStream out;
    private final Path folder;
    private final long seed;

    private Characters(PrintStream out, Path folder, long seed) {
        this.out = out;
        this.folder = folder;
        this.seed = seed;
    }

    /**
     * Runs the job. Ends with status 1 and one line if an argument is wrong, a text is missing or the folder cannot be
     * written; ends at once, with a line that says so, if there is no file of Tiny Shakespeare.
     *
     * @param args folder, text, seed
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path text = arguments.path(1, "");
            long seed = arguments.number(2, "seed", Long.MIN_VALUE, 42);
            if (!Files.isRegularFile(text)) {
                System.out.println("characters: SKIPPED, there is no " + text.toAbsolutePath()
                        + ". Expected input.txt of Tiny Shakespeare (github.com/karpathy/char-rnn,"
                        + " data/tinyshakespeare). Name it: -Dcharacters.text=FILE");
                return;
            }
            Path folder = Arguments.created(arguments.path(0, "target/characters"), "characters.output");
            new Characters(System.out, folder, seed).run(Text.ofFile("Shakespeare", text), Text.ofJavaSource());
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("characters: " + e.getMessage());
            System.exit(1);
        }
    }

    private void run(Text shakespeare, Text java) throws IOException {
        long start = System.nanoTime();
        Measured measured = new Measured(
                Windows.first(shakespeare.heldOut(), MEASURED_EXAMPLES, MEASURED_LENGTH),
                Windows.first(java.heldOut(), MEASURED_EXAMPLES, MEASURED_LENGTH));

        heading("Base: 2 LSTM layers of " + HIDDEN + ", trained on Shakespeare");
        CharacterBase recipe = new CharacterBase(HIDDEN, BASE_BATCHES, BASE_RATE, seed, out::println);
        MultiLayerNetwork base = recipe.trainedOn(shakespeare, folder);
        Row before = measured.row("base", base, 0, 0, 0);

        heading("LoRA, rank " + RANK + " on every weight, and full fine-tuning on Java source");
        int updates = BATCHES * CharacterBase.STRETCHES;
        MultiLayerNetwork adapted = CharacterLstm.continued(base, HIDDEN, LORA_RATE, updates, seed);
        AdaptedNetwork<MultiLayerNetwork> lora = Lora.inject(adapted, config(), seed);
        MultiLayerNetwork full = CharacterLstm.continued(base, HIDDEN, FULL_RATE, updates, seed);
        out.println(lora.parameterSummary());
        Adaptation adaptation = new Adaptation();
        adaptation.train(lora.network(), full, java.training(), BATCHES, seed, out::println);

        Path adapter = folder.resolve("adapter");
        lora.adapter(AdaptedModel.DEFAULT_ADAPTER).save(adapter);
        Path fullZip = folder.resolve("full.zip");
        ModelSerializer.writeModel(full, fullZip.toFile(), false);

        INDArray said = measured.said(lora.network());
        Row on = measured.row(
                "LoRA, adapter on",
                lora.network(),
                lora.parameterSummary().trainable(),
                adaptation.loraStepSeconds(),
                ReportFile.bytes(adapter));
        lora.disable();
        Row off = measured.row("LoRA, adapter off", lora.network(), 0, 0, 0);
        boolean offEqualsBase = Outputs.sameBits(measured.said(lora.network()), measured.said(base));
        lora.enable();
        AdaptedNetwork<MultiLayerNetwork> loaded = Lora.load(base, adapter);
        boolean loadedEqualsTrained = Outputs.sameBits(measured.said(loaded.network()), said);
        MultiLayerNetwork merged = loaded.mergeAndUnload();
        double mergeDifference = Outputs.largestDifference(measured.said(merged), said);

        heading("Result");
        CharactersReport report = new CharactersReport(
                List.of(
                        before,
                        on,
                        off,
                        measured.row("LoRA, merged", merged, 0, 0, 0),
                        measured.row(
                                "full fine-tuning",
                                full,
                                full.numParams(),
                                adaptation.fullStepSeconds(),
                                ReportFile.bytes(fullZip))),
                new Facts(
                        offEqualsBase,
                        loadedEqualsTrained,
                        mergeDifference,
                        adaptation.stepRatio(),
                        base.numParams(),
                        seed));
        out.print(report.table());
        out.printf(
                Locale.ROOT,
                "outputs with the adapter off: %s%n",
                offEqualsBase ? "the base's, bit for bit" : "NOT the base's");
        out.printf(
                Locale.ROOT,
                "outputs of the saved and loaded adapter: %s%n",
                loadedEqualsTrained ? "the same, bit for bit" : "OTHERS");
        out.printf(Locale.ROOT, "merged: largest difference of a probability %.2e%n", mergeDifference);
        out.printf(Locale.ROOT, "a LoRA batch takes %.2f times as long as a full one%n", adaptation.stepRatio());

        heading("Samples");
        sample("base", base, "ROMEO:\n");
        sample("base", base, "public static ");
        sample("adapter on", loaded.network(), "public static ");
        sample("adapter on", loaded.network(), "ROMEO:\n");
        sample("full fine-tuning", full, "ROMEO:\n");

        report.write(folder.resolve("report.json"));
        out.printf(
                Locale.ROOT,
                "%nEverything is in %s. %.0f s in all.%n",
                folder.toAbsolutePath().normalize(),
                (System.nanoTime() - start) / 1e9);
    }

    private static LoraConfig config() {
        return LoraConfig.builder()
                .rank(RANK)
                .alpha(ALPHA)
                .targetModules("lstm1.W", "lstm1.RW", "lstm2.W", "lstm2.RW", "head")
                .build();
    }

    private void sample(String name, MultiLayerNetwork network, String from) {
        out.printf(Locale.ROOT, "-- %s, going on from \"%s\"%n", name, from.replace("\n", "\\n"));
        out.println(CharacterLstm.goOn(network, from, SAMPLE, seed));
    }

    private void heading(String text) {
        out.printf(Locale.ROOT, "%n== %s%n", text);
    }

    /** What every network is measured with. */
    private record Measured(DataSet shakespeare, DataSet java) {

        Row row(String name, MultiLayerNetwork network, long trainable, double stepSeconds, long bytes) {
            return new Row(
                    name,
                    CharacterLstm.loss(network, shakespeare),
                    CharacterLstm.loss(network, java),
                    trainable,
                    stepSeconds,
                    bytes);
        }

        INDArray said(MultiLayerNetwork network) {
            return network.output(java.getFeatures());
        }
    }
}
