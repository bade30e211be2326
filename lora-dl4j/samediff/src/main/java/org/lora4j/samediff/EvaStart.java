/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.PrincipalComponents;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * EVA: A starts with the directions in which what goes into a module varies most, B with zeros, and ranks go to the modules
 * whose directions explain most. Components are found batch by batch until they stay where they are; the base stays as it
 * is, and adapters are plain LoRA. Positions of padding do not count where batches hold an {@code attention_mask}, or {@code
 * target_weights}, of one number for each position.
 *
 * <p>Source: Paischer et al. 2024, One initialization to rule them all: Fine-tuning via explained variance adaptation, arXiv
 * 2410.07170, algorithm 1; components by incremental PCA (Ross et al. 2008), as in PEFT: {@code init_lora_weights="eva"}.
 *
 * @param rho 1 for equal ranks; above that a module may get up to this multiple of its rank, the sum staying the same
 * @param tau a component stays where it is if its cosine with that of the batch before is at least this, in [0, 1]
 * @param whiten whether components are divided by the roots of their singular values
 * @param adjustScaling whether the scaling of a module stays when its rank changes, by its alpha
 * @apiNote Status: experimental
 */
public record EvaStart(double rho, double tau, boolean whiten, boolean adjustScaling) implements LoraStart {

    private static final int MOST_BATCHES = 100_000;

    /**
     * Checks the numbers.
     *
     * @param rho 1 or more
     * @param tau in [0, 1]
     * @param whiten whether components are whitened
     * @param adjustScaling whether scalings stay
     * @throws IllegalArgumentException if a number is outside of its range; the message lists all of them
     */
    public EvaStart {
        Problems problems = new Problems();
        problems.check(rho >= 1 && rho < Double.POSITIVE_INFINITY, "rho = " + rho + ", expected 1 or more");
        problems.check(tau >= 0 && tau <= 1, "tau = " + tau + ", expected a number in [0, 1]");
        problems.throwIfAny("EvaStart");
    }

    /**
     * The same with ranks redistributed.
     *
     * @param newRho as in the record
     * @return the start
     * @throws IllegalArgumentException as the constructor
     */
    public EvaStart withRho(double newRho) {
        return new EvaStart(newRho, tau, whiten, adjustScaling);
    }

    /**
     * The same with whitened components or not.
     *
     * @param flag false by default
     * @return the start
     */
    public EvaStart whitened(boolean flag) {
        return new EvaStart(rho, tau, flag, adjustScaling);
    }

    /**
     * The same with scalings that stay when ranks change, or that follow them.
     *
     * @param flag true by default
     * @return the start
     */
    public EvaStart adjustingScaling(boolean flag) {
        return new EvaStart(rho, tau, whiten, flag);
    }

    /** Components of one module on the way. */
    private static final class Watch {
        private final PrincipalComponents components;
        private boolean[] still = {};
        private boolean done;

        Watch(int count) {
            components = new PrincipalComponents(count);
        }

        void add(Matrix rows, double tau) {
            Matrix before = components.vectors();
            components.add(rows);
            Matrix now = components.vectors();
            if (before != null) {
                boolean[] same = new boolean[now.rows()];
                for (int i = 0; i < same.length; i++) {
                    same[i] = i < before.rows() && cosine(before.row(i), now.row(i)) >= tau;
                }
                still = same;
            }
        }

        private static double cosine(double[] x, double[] y) {
            return IntStream.range(0, x.length).mapToDouble(i -> x[i] * y[i]).sum();
        }

        boolean isStill(int count) {
            return still.length >= count && IntStream.range(0, count).allMatch(i -> still[i]);
        }
    }

    @Override
    public StartedAdapter of(AdaptedSameDiff model, LoraConfig config, Iterable<Batch> batches) {
        StartProbe probe = new StartProbe("EvaStart", model, config);
        Map<String, Watch> watches = new LinkedHashMap<>();
        probe.targets().forEach((path, target) -> watches.put(path, new Watch(most(target))));
        List<Batch> all = probe.all(batches);
        Map<String, Integer> ranks = Map.of();
        int shown = 0;
        while (watches.values().stream().anyMatch(watch -> !watch.done)) {
            if (shown == MOST_BATCHES || (shown == all.size() && ranks.isEmpty())) {
                throw new IllegalArgumentException("EvaStart: components of "
                        + Problems.quoted(watches.keySet().stream()
                                .filter(path -> !watches.get(path).done)
                                .toList())
                        + " have not come to rest in " + shown
                        + " batches; expected batches with at least as many rows as components, and a tau that can be"
                        + " reached. Give larger batches or a smaller tau.");
            }
            Batch batch = all.get(shown++ % all.size());
            Map<String, Matrix> inputs = probe.inputs(batch);
            watches.forEach((path, watch) -> {
                Matrix rows = watch.done ? null : StartProbe.withoutPadding(batch, inputs.get(path));
                if (rows != null && rows.rows() >= most(probe.targets().get(path))) {
                    watch.add(rows, tau);
                }
            });
            if (watches.values().stream().allMatch(watch -> watch.components.vectors() != null)) {
                ranks = ranks(probe, watches);
                for (Map.Entry<String, Watch> watch : watches.entrySet()) {
                    watch.getValue().done = watch.getValue().isStill(ranks.get(watch.getKey()));
                }
            }
        }
        return started(probe, config, watches, ranks);
    }

    private int most(Target target) {
        long wanted = Math.round(target.rank() * rho);
        return (int) Math.min(wanted, target.module().shape().inputs());
    }

    /** The budget of all ranks goes to the components that explain most, whichever module they are of. */
    private Map<String, Integer> ranks(StartProbe probe, Map<String, Watch> watches) {
        record Component(String path, double share) {}
        List<Component> all = new ArrayList<>();
        watches.forEach((path, watch) -> {
            for (double share : watch.components.explained()) {
                all.add(new Component(path, share));
            }
        });
        int budget = probe.targets().values().stream().mapToInt(Target::rank).sum();
        Map<String, Integer> ranks = new LinkedHashMap<>();
        watches.keySet().forEach(path -> ranks.put(path, 0));
        all.stream()
                .sorted(Comparator.comparingDouble(component -> -component.share()))
                .limit(budget)
                .forEach(component -> ranks.merge(component.path(), 1, Integer::sum));
        return ranks;
    }

    private StartedAdapter started(
            StartProbe probe, LoraConfig config, Map<String, Watch> watches, Map<String, Integer> ranks) {
        Map<String, Map<String, INDArray>> factors = new LinkedHashMap<>();
        Map<String, Integer> rankPattern = new LinkedHashMap<>();
        Map<String, Double> alphaPattern = new LinkedHashMap<>();
        boolean changed = false;
        for (Map.Entry<String, Target> entry : probe.targets().entrySet()) {
            String path = entry.getKey();
            Target target = entry.getValue();
            int rank = ranks.get(path);
            changed |= rank != target.rank();
            if (rank == 0) {
                continue;
            }
            PrincipalComponents found = watches.get(path).components;
            double[] lengths = new double[rank];
            for (int i = 0; i < rank; i++) {
                lengths[i] = whiten ? 1 / Math.sqrt(found.singularValues()[i]) : 1;
            }
            Matrix a = found.vectors().firstRows(rank).scaledRows(lengths);
            Matrix b = Matrix.zeros(Math.toIntExact(target.module().shape().outputs()), rank);
            factors.put(path, StartProbe.arrays(target, new StartProbe.Pair(a, b)));
            double alpha =
                    adjustScaling ? target.scaling() / config.scalingRule().scaling(1, rank) : config.alphaOf(path);
            if (rank != config.rank()) {
                rankPattern.put(path, rank);
            }
            if (alpha != config.alpha()) {
                alphaPattern.put(path, alpha);
            }
        }
        if (!changed) {
            return new StartedAdapter(config, factors, Map.of());
        }
        LoraConfig.Builder builder = config.toBuilder().rankPattern(rankPattern).alphaPattern(alphaPattern);
        if (!Objects.equals(factors.keySet(), probe.targets().keySet())) {
            builder.targetModules(ModuleSelector.suffixes(factors.keySet()));
        }
        return new StartedAdapter(builder.build(), factors, Map.of());
    }
}
