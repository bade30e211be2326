/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.lora4j.config.AdaLoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The budget of AdaLoRA in a training: keeps A and B near orthogonality, and leaves out triplets over all modules, those of least
 * importance first, until the budget is reached.
 *
 * <p>Three phases: {@link AdaLoraConfig#initialSteps} steps with all triplets; then a budget that falls with the third power
 * of the time that is left; the last {@link AdaLoraConfig#finalSteps} steps with the triplets that were left. The importance of a
 * number is a running mean of {@code |value * gradient|}, times a running mean of how far that varies; that of a triplet the one of its
 * value plus the means over its row and its column. What is left out is zero, and may grow again until the last phase.
 *
 * <p>As PEFT does, importance takes the values after the optimizer's step and the gradients from before it.
 *
 * <p><i>Source:</i> Zhang et al. 2023, arXiv 2303.10512, equations 5 (orthogonality), 8 to 12 (importance, budget) and algorithm 1.
 */
final class AdaLoraRule implements StepRule {

    private static final String IMPORTANCE = "importance/";
    private static final String UNCERTAINTY = "uncertainty/";
    private static final String KEPT = "kept/";

    private final AdaLoraConfig config;
    private final Map<String, Map<String, String>> names;
    private final Consumer<AdaLoraConfig> changed;
    private final boolean allocated;
    private final Map<String, INDArray> importance = new TreeMap<>();
    private final Map<String, INDArray> uncertainty = new TreeMap<>();
    private final Map<String, boolean[]> kept = new TreeMap<>();

    /** {@code names} tells the parameters by module and suffix; {@code changed} gets the config with what is kept. */
    AdaLoraRule(AdaLoraConfig config, Map<String, Map<String, String>> names, Consumer<AdaLoraConfig> changed) {
        this.config = config;
        this.names = names;
        this.changed = changed;
        this.allocated = !config.keptTriplets().isEmpty();
    }

    @Override
    public Term penalty(Map<String, INDArray> values) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        double share = config.orthogonality() / (2 * names.size());
        double loss = 0;
        for (Map.Entry<String, Map<String, String>> entry : names.entrySet()) {
            // No vectors are orthonormal.
            if (config.keepsNoneOf(entry.getKey())) {
                continue;
            }
            Map<String, String> module = entry.getValue();
            for (String suffix : List.of(AdaLoraMethod.A, AdaLoraMethod.B)) {
                String name = module.get(suffix);
                NearOrthonormal near = NearOrthonormal.of(values.get(name), suffix.equals(AdaLoraMethod.A));
                gradients.put(name, near.gradient().muli(share));
                loss += share * near.distance();
            }
        }
        return new Term(loss, gradients);
    }

    @Override
    public void afterStep(long step, Map<String, INDArray> values, Map<String, INDArray> gradients) {
        if (allocated) {
            return;
        }
        long last = config.totalSteps() - config.finalSteps();
        if (step > last) {
            mask(values);
            return;
        }
        if (step < last) {
            names.values().forEach(module -> module.values().forEach(name -> remember(name, values, gradients)));
        }
        boolean due = step > config.initialSteps() && step % config.interval() == 0;
        if (due || step == last) {
            allocate(values, budget(step, last));
            mask(values);
            tell(kept);
        }
    }

    private void remember(String name, Map<String, INDArray> values, Map<String, INDArray> gradients) {
        INDArray value = values.get(name);
        INDArray gradient = gradients.get(name);
        INDArray now = gradient == null ? Nd4j.zerosLike(value) : Transforms.abs(value.mul(gradient), false);
        INDArray mean = importance.computeIfAbsent(name, key -> Nd4j.zeros(value.dataType(), value.shape()));
        mean.muli(config.beta1()).addi(now.mul(1 - config.beta1()));
        INDArray distance = Transforms.abs(now.sub(mean), false).muli(1 - config.beta2());
        uncertainty
                .computeIfAbsent(name, key -> Nd4j.zeros(value.dataType(), value.shape()))
                .muli(config.beta2())
                .addi(distance);
    }

    private long triplets(Map<String, INDArray> values) {
        return names.values().stream()
                .mapToLong(module -> values.get(module.get(AdaLoraMethod.E)).length())
                .sum();
    }

    private long budget(long step, long last) {
        double left = 1 - (step - config.initialSteps()) / (double) (last - config.initialSteps());
        long target = (long) config.targetRank() * names.size();
        long start = (long) config.initialRank() * names.size();
        return (long) ((start - target) * left * left * left + target);
    }

    private void allocate(Map<String, INDArray> values, long budget) {
        Map<String, double[]> scores = new LinkedHashMap<>();
        names.forEach((path, module) -> {
            double[] ofE = score(module.get(AdaLoraMethod.E)).dup('c').data().asDouble();
            double[] ofA = score(module.get(AdaLoraMethod.A)).mean(1).data().asDouble();
            double[] ofB = score(module.get(AdaLoraMethod.B)).mean(0).data().asDouble();
            scores.put(
                    path,
                    IntStream.range(0, ofE.length)
                            .mapToDouble(i -> ofE[i] + (ofA[i] + ofB[i]))
                            .toArray());
        });
        double[] sorted = scores.values().stream()
                .flatMapToDouble(Arrays::stream)
                .sorted()
                .toArray();
        int out = (int) Math.min(triplets(values) - budget, sorted.length);
        double threshold = out < 1 ? Double.NEGATIVE_INFINITY : sorted[out - 1];
        scores.forEach((path, ofModule) -> {
            boolean[] mask = new boolean[ofModule.length];
            for (int i = 0; i < mask.length; i++) {
                mask[i] = ofModule[i] > threshold;
            }
            kept.put(path, mask);
        });
    }

    private INDArray score(String name) {
        return importance.get(name).mul(uncertainty.get(name));
    }

    private void mask(Map<String, INDArray> values) {
        kept.forEach((path, mask) -> {
            INDArray e = values.get(names.get(path).get(AdaLoraMethod.E));
            for (int i = 0; i < mask.length; i++) {
                if (!mask[i]) {
                    e.putScalar(i, 0, 0);
                }
            }
        });
    }

    /** What was left out and is not zero, because it grew again or an earlier step was gone back to, is kept in files. */
    @Override
    public void afterRun(Map<String, INDArray> values) {
        Map<String, boolean[]> all = new TreeMap<>();
        kept.forEach((path, mask) -> {
            INDArray e = values.get(names.get(path).get(AdaLoraMethod.E));
            boolean[] either = mask.clone();
            for (int i = 0; i < either.length; i++) {
                either[i] |= e.getDouble(i, 0) != 0;
            }
            all.put(path, either);
        });
        if (!all.isEmpty()) {
            tell(all);
        }
    }

    private void tell(Map<String, boolean[]> masks) {
        Map<String, List<Boolean>> patterns = new LinkedHashMap<>();
        masks.forEach((path, mask) -> {
            List<Boolean> pattern = new ArrayList<>();
            for (boolean keeps : mask) {
                pattern.add(keeps);
            }
            patterns.put(path + AdaLoraConfig.OF_E, Collections.unmodifiableList(pattern));
        });
        changed.accept(config.toBuilder().keptTriplets(patterns).build());
    }

    @Override
    public Map<String, INDArray> state() {
        Map<String, INDArray> state = new LinkedHashMap<>();
        importance.forEach((name, array) -> state.put(IMPORTANCE + name, array));
        uncertainty.forEach((name, array) -> state.put(UNCERTAINTY + name, array));
        kept.forEach((path, mask) -> {
            double[] ones = new double[mask.length];
            Arrays.setAll(ones, i -> mask[i] ? 1 : 0);
            state.put(KEPT + path, Nd4j.createFromArray(ones));
        });
        return state;
    }

    @Override
    public void restore(Map<String, INDArray> state) {
        importance.clear();
        uncertainty.clear();
        kept.clear();
        state.forEach((name, array) -> {
            String rest = name.substring(name.indexOf('/') + 1);
            if (name.startsWith(IMPORTANCE)) {
                importance.put(rest, array.dup('c'));
            } else if (name.startsWith(UNCERTAINTY)) {
                uncertainty.put(rest, array.dup('c'));
            } else if (name.startsWith(KEPT) && names.containsKey(rest)) {
                boolean[] mask = new boolean[Math.toIntExact(array.length())];
                for (int i = 0; i < mask.length; i++) {
                    mask[i] = array.getDouble(i) != 0;
                }
                kept.put(rest, mask);
            } else {
                throw new IllegalArgumentException("the budget of AdaLoRA remembers nothing called \"" + name + "\"");
            }
        });
        if (!kept.isEmpty()) {
            tell(kept);
        }
    }

    @Override
    public String toString() {
        // What is kept changes while a run goes on.
        return "AdaLoraRule[" + config.toBuilder().keptTriplets(Map.of()).build() + ", " + names.size() + " modules]";
    }
}
