/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.integration.demonstration.Arguments;

/**
 * Adapts a CNN that knows upright digits to inverted ones and to ones turned by a quarter, with two adapters on one base.
 *
 * <p>Arguments: the folder for the results, the ONNX file of the base (a base is trained on upright digits if it does not
 * exist), and optionally the seed (42).
 */
public final class Digits {

    /** Of each digit, 500 to learn from. */
    static final int TRAINING = 500;

    /** Up to this one, 100 that the settings below were chosen with; the rest is held out from everything. */
    static final int VALIDATION = 600;

    private static final Recipe BASE = new Recipe(6, 64, 3e-3, 1);
    private static final Recipe RECIPE = new Recipe(12, 64, 1e-2, 1);

    /** Below 15 % of the base's 21,840 parameters, biases included. */
    private static final LoraConfig CONFIG = Recipe.config(10, 5, 3, 6);

    private Digits() {}

    /**
     * Runs the job. Ends with status 1 and one line if an argument is wrong, a file is damaged or the folder cannot be
     * written.
     *
     * @param args folder, model, seed
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            Arguments arguments = new Arguments(args);
            Path model = arguments.path(1, "pytorch_cnn_mnist.onnx");
            long seed = arguments.number(2, "seed", Long.MIN_VALUE, 42);
            Path folder = Arguments.created(arguments.path(0, "target/digits"), "digits.output");
            run(System.out, folder, model, seed);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("digits: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(PrintStream out, Path folder, Path model, long seed) throws IOException {
        DigitSheet sheet = DigitSheet.load();
        DigitSheet training = sheet.part(0, TRAINING);
        DigitCnn cnn = Files.isRegularFile(model) ? DigitCnn.TUTORIAL : DigitCnn.FULL;
        MultiLayerNetwork base;
        if (cnn == DigitCnn.TUTORIAL) {
            out.println("Base: " + model);
            base = cnn.read(model);
        } else {
            out.println("Base: trained now on upright digits, as there is no " + model.toAbsolutePath()
                    + " (-Ddigits.model=FILE; from github.com/oracle/tribuo, tutorials/external-models)");
            DigitSet upright = DigitSet.of(training, Look.UPRIGHT);
            base = cnn.create(BASE.rate(), BASE.updates(upright), seed);
            BASE.train(base, upright, seed, out::println);
        }
        out.println(Lora.modules(base));
        DigitSheet heldOut = sheet.part(VALIDATION, DigitSheet.EACH);
        DigitsReport report =
                new DigitsRun(cnn, base, training, heldOut, folder, seed, out::println).run(RECIPE, CONFIG);
        out.println();
        out.print(report.text());
        report.write(folder.resolve("report.json"));
        out.println("Everything is in " + folder.toAbsolutePath().normalize() + ".");
    }
}
