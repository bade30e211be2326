/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.api.Model;
import org.lora4j.dl4j.StateNetwork.Learning;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.host.LearningAdapters;
import org.lora4j.method.StepRule;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.RunEvidence;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapted network as the training loop of {@code org.lora4j.train} sees it.
 *
 * @param <N> kind of network
 */
final class NetworkTraining<N extends Model> implements Trainable {

    private final AdaptedNetwork<N> model;
    private final NetworkAccess<N> access;
    private final DataSetPlaceholders names;

    NetworkTraining(AdaptedNetwork<N> model, NetworkAccess<N> access, DataSetPlaceholders names) {
        this.model = model;
        this.access = access;
        this.names = Objects.requireNonNull(names, "trainable: names is null; expected DataSetPlaceholders");
        Problems problems = new Problems();
        int inputs = access.inputs(model.base()).size();
        int outputs = access.outputs(model.base()).size();
        problems.check(
                names.features().size() == inputs,
                "features = " + names.features() + ", expected a name for each of " + inputs + " inputs");
        problems.check(
                names.labels().size() == outputs,
                "labels = " + names.labels() + ", expected a name for each of " + outputs + " outputs");
        problems.throwIfAny("trainable");
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.learning().stream().map(Learning::parameter).toList();
    }

    @Override
    public List<StepRule> stepRules() {
        return model.stepRules();
    }

    @Override
    public void saveAdapter(Path directory) throws IOException {
        LearningAdapters.save(model, directory);
    }

    @Override
    public void trained(RunEvidence run) {
        model.noteRun(run::receipt);
    }

    @Override
    public List<String> modulesWithoutGradient() {
        Set<String> unreached = access.unreached(model.base());
        if (unreached.isEmpty()) {
            return List.of();
        }
        List<String> keys = access.sites(model.base()).stream()
                .map(NetworkSite::key)
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        return model.learning().stream()
                .filter(one -> unreached.contains(keyOf(one.key(), keys)))
                .map(one -> one.parameter().module())
                .distinct()
                .sorted()
                .toList();
    }

    /** Of a parameter's name: the longest key that it begins with, as a key may have underscores itself. */
    private static String keyOf(String parameter, List<String> longestFirst) {
        return longestFirst.stream()
                .filter(key -> parameter.startsWith(key + "_"))
                .findFirst()
                .orElse(parameter);
    }

    @Override
    public List<String> freshHeads() {
        return model.freshHeads();
    }

    @Override
    public GraphExecutor executor() {
        return new Executor(model.network(), model.learning());
    }

    private final class Executor implements GraphExecutor {

        private final N network;
        private final List<Learning> learning;

        Executor(N network, List<Learning> learning) {
            this.network = network;
            this.learning = learning;
        }

        @Override
        public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
            List<INDArray> features = arrays(placeholders, names.features());
            int iterations = access.iterations(network);
            int epochs = access.epochs(network);
            // Dropout of adapters is a function of the iteration, which therefore stands for the seed.
            int iteration = (int) (seed ^ seed >>> Integer.SIZE) & Integer.MAX_VALUE;
            access.setCounts(network, iteration, epochs);
            try {
                access.pass(
                        network,
                        new NetworkAccess.PassArrays(
                                features,
                                arrays(placeholders, names.labels()),
                                arrays(placeholders, names.featureMasks()),
                                arrays(placeholders, names.labelMasks())));
            } finally {
                access.setCounts(network, iterations, epochs);
            }
            // Gradients are sums over rows, which the updater of a network divides.
            double rows = network.conf().isMiniBatch() ? features.get(0).size(0) : 1;
            Map<String, INDArray> sums = network.gradient().gradientForVariable();
            Map<String, INDArray> means = new LinkedHashMap<>();
            Set<String> leftOut = new HashSet<>();
            for (Learning one : learning) {
                String name = one.parameter().name();
                INDArray mean = sums.get(one.key())
                        .dup(one.parameter().value().ordering())
                        .divi(rows);
                means.put(name, mean);
                boolean nothing = one.update() != null && one.update().mayBeLeftOut(iteration);
                if (nothing && mean.amaxNumber().doubleValue() == 0) {
                    leftOut.add(name);
                }
            }
            return new LossAndGradients(network.score(), means, leftOut);
        }

        private static List<INDArray> arrays(Map<String, INDArray> placeholders, List<String> wanted) {
            Problems problems = new Problems();
            wanted.forEach(name -> problems.check(
                    placeholders.containsKey(name),
                    "no array for \"" + name + "\"; the batch has " + Problems.quoted(placeholders.keySet())));
            problems.throwIfAny("batch");
            return wanted.stream().map(placeholders::get).toList();
        }

        @Override
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
            List<String> own = access.outputs(network);
            Problems problems = new Problems();
            outputs.forEach(name -> problems.check(
                    own.contains(name), "no output \"" + name + "\", expected some of " + Problems.quoted(own)));
            problems.throwIfAny("output");
            List<INDArray> values = access.output(network, arrays(placeholders, names.features()));
            Map<String, INDArray> chosen = new LinkedHashMap<>();
            outputs.forEach(name -> chosen.put(name, values.get(own.indexOf(name))));
            return chosen;
        }

        @Override
        public GraphExecutor fork() {
            throw new UnsupportedOperationException(
                    "fork: a network of Deeplearning4j keeps the activations of a step in itself; expected one thread.");
        }
    }
}
