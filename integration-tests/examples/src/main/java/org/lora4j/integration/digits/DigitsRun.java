/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.integration.demonstration.Outputs;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.digits.DigitsReport.Checks;
import org.lora4j.integration.digits.DigitsReport.Row;
import org.lora4j.model.AdaptedModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The job: an adapter for each new look, trained, saved, loaded, merged; then both on one base in turn. */
final class DigitsRun {

    private final DigitCnn cnn;
    private final MultiLayerNetwork base;
    private final DigitSheet training;
    private final Map<Look, DigitSet> measured = new EnumMap<>(Look.class);
    private final Path folder;
    private final long seed;
    private final Consumer<String> out;

    /** {@code training} is learned from, {@code heldOut} measured with; {@code folder} exists. */
    DigitsRun(
            DigitCnn cnn,
            MultiLayerNetwork base,
            DigitSheet training,
            DigitSheet heldOut,
            Path folder,
            long seed,
            Consumer<String> out) {
        this.cnn = cnn;
        this.base = base;
        this.training = training;
        for (Look look : Look.values()) {
            measured.put(look, DigitSet.of(heldOut, look));
        }
        this.folder = folder;
        this.seed = seed;
        this.out = out;
    }

    DigitsReport run(Recipe recipe, LoraConfig config) throws IOException {
        INDArray parameters = base.params().dup();
        Map<Look, INDArray> said = said(base);
        Path zip = folder.resolve("base.zip");
        ModelSerializer.writeModel(base, zip.toFile(), false);
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("base", accuracies(said), base.numParams(), ReportFile.bytes(zip), 0));
        List<Checks> checks = new ArrayList<>();
        AdaptedNetwork<MultiLayerNetwork> both = AdaptedNetwork.of(base);
        Map<Look, INDArray> alone = new EnumMap<>(Look.class);
        for (Trained one : trained(recipe, config)) {
            String name = one.look().word();
            Path directory = folder.resolve(name);
            one.model().adapter(AdaptedModel.DEFAULT_ADAPTER).save(directory);
            both.addAdapter(name, Adapter.load(directory));
            Map<Look, INDArray> adapted = said(one.model().network());
            rows.add(new Row(
                    "adapter \"" + name + "\"",
                    accuracies(adapted),
                    one.model().parameterSummary().trainable(),
                    ReportFile.bytes(directory),
                    one.seconds()));
            alone.put(one.look(), adapted.get(one.look()));
            checks.add(checks(one.look(), one.model(), directory, said, adapted));
        }
        return new DigitsReport(
                rows, checks, switching(both, alone, said), Outputs.sameBits(base.params(), parameters), seed);
    }

    /** One core each: networks of their own, so that what one learns does not depend on the other. */
    private List<Trained> trained(Recipe recipe, LoraConfig config) {
        return List.of(Look.INVERTED, Look.ROTATED).parallelStream()
                .map(look -> {
                    DigitSet set = DigitSet.of(training, look);
                    AdaptedNetwork<MultiLayerNetwork> model =
                            Lora.inject(cnn.continued(base, recipe.rate(), recipe.updates(set), seed), config, seed);
                    double seconds =
                            recipe.train(model.network(), set, seed, line -> out.accept(look.word() + "  " + line));
                    return new Trained(look, model, seconds);
                })
                .toList();
    }

    private record Trained(Look look, AdaptedNetwork<MultiLayerNetwork> model, double seconds) {}

    /** What must hold of an adapter besides that it has learned. */
    private Checks checks(
            Look look,
            AdaptedNetwork<MultiLayerNetwork> model,
            Path directory,
            Map<Look, INDArray> ofBase,
            Map<Look, INDArray> adapted)
            throws IOException {
        model.disable();
        boolean off = same(said(model.network()), ofBase);
        model.enable();
        DigitSet set = measured.get(look);
        AdaptedNetwork<MultiLayerNetwork> loaded = Lora.load(base, directory);
        boolean afterLoading = Outputs.sameBits(set.said(loaded.network()), adapted.get(look));
        INDArray merged = set.said(loaded.mergeAndUnload());
        return new Checks(
                look.word(),
                off,
                afterLoading,
                Outputs.largestDifference(merged, adapted.get(look)),
                set.accuracy(merged));
    }

    /** Whether two adapters on one base, activated in turn, are each what it was alone, and the base when neither is. */
    private boolean switching(
            AdaptedNetwork<MultiLayerNetwork> both, Map<Look, INDArray> alone, Map<Look, INDArray> ofBase) {
        boolean same = true;
        for (Look look : List.of(Look.ROTATED, Look.INVERTED, Look.ROTATED)) {
            both.activate(look.word());
            same &= Outputs.sameBits(measured.get(look).said(both.network()), alone.get(look));
        }
        both.activate();
        INDArray without = measured.get(Look.UPRIGHT).said(both.network());
        return same && Outputs.sameBits(without, ofBase.get(Look.UPRIGHT));
    }

    private Map<Look, INDArray> said(MultiLayerNetwork network) {
        Map<Look, INDArray> said = new EnumMap<>(Look.class);
        measured.forEach((look, set) -> said.put(look, set.said(network)));
        return said;
    }

    private Map<String, Double> accuracies(Map<Look, INDArray> said) {
        Map<String, Double> accuracies = new LinkedHashMap<>();
        said.forEach(
                (look, what) -> accuracies.put(look.word(), measured.get(look).accuracy(what)));
        return accuracies;
    }

    private static boolean same(Map<Look, INDArray> a, Map<Look, INDArray> b) {
        return a.keySet().stream().allMatch(look -> Outputs.sameBits(a.get(look), b.get(look)));
    }
}
