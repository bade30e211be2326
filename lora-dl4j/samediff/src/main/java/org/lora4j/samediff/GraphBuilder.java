/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.internal.engine.DropoutMask;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.internal.samediff.form.SiteGraph;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.UpdateDropout;
import org.lora4j.quant.StoredWeights;
import org.lora4j.samediff.LiveAdapter.Copy;
import org.lora4j.samediff.LiveAdapter.Live;
import org.lora4j.samediff.LiveAdapter.Part;
import org.lora4j.samediff.LiveAdapter.Tokens;
import org.lora4j.samediff.OpPlan.Attachment;
import org.lora4j.samediff.OpPlan.Factor;
import org.lora4j.samediff.OpPlan.Leaf;
import org.lora4j.samediff.OpPlan.SitePlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Builds the graphs of an adapted graph. One builder makes one graph. */
final class GraphBuilder {

    private final SameDiff base;
    private final GraphModules modules;
    private final List<DropoutMask> masks = new ArrayList<>();
    private final Map<String, Leaf> weights = new HashMap<>();
    private final Set<String> copied = new HashSet<>();
    private final Map<String, List<Attached>> attached = new HashMap<>();
    private final Map<String, List<Attached>> ofParameters = new LinkedHashMap<>();
    private final Map<String, List<RowUpdate>> rows = new LinkedHashMap<>();
    private final GraphCopy copy;

    private record Attached(LiveAdapter adapter, Part part, VariableType type, boolean dropout) {}

    GraphBuilder(SameDiff base, GraphModules modules) {
        this.base = base;
        this.modules = modules;
        this.copy = GraphCopy.of(base);
    }

    /** Makes every VARIABLE of the base a CONSTANT, so that nothing of it is trained or regularized. */
    GraphBuilder freeze() {
        for (SDVariable leaf : base.variables()) {
            if (leaf.getVariableType() == VariableType.VARIABLE) {
                copy.leaf(leaf.name(), VariableType.CONSTANT, leaf.getArr());
            }
        }
        return this;
    }

    /** Puts the adapter's full copies in the place of the base's parameters. */
    GraphBuilder substitute(LiveAdapter adapter, VariableType type) {
        for (Copy saved : adapter.copies().values()) {
            GraphParameter parameter = saved.parameter();
            VariableType actual = type == null ? typeOf(parameter.variable()) : type;
            if (parameter.exclusive()) {
                copy.leaf(parameter.variable(), actual, saved.live().array());
            } else {
                Leaf leaf =
                        new Leaf(saved.live().variable(), actual, saved.live().array());
                weights.put(parameter.weightOf().path(), leaf);
                copied.add(parameter.weightOf().path());
            }
        }
        return this;
    }

    /** Puts a merged array in the place of a leaf of the base; {@code type} null means the base's own type. */
    GraphBuilder replace(String leaf, INDArray array, VariableType type) {
        copy.leaf(leaf, type == null ? typeOf(leaf) : type, array);
        return this;
    }

    /** Puts a merged weight in the place of the base's; {@code type} null means the base's own type. */
    GraphBuilder merge(GraphModule module, boolean exclusive, INDArray weight, VariableType type) {
        VariableType actual = type == null ? typeOf(module.weight()) : type;
        if (exclusive || isReadByNobodyElse(module)) {
            copy.leaf(module.weight(), actual, weight);
        } else {
            weights.put(module.path(), new Leaf(free(module.path() + ".merged_weight"), actual, weight));
        }
        return this;
    }

    // A stored weight, which is computed from leaves that have no other use.
    private boolean isReadByNobodyElse(GraphModule module) {
        Set<String> sites = module.sites().stream().map(Site::op).collect(Collectors.toSet());
        return StoredWeights.find(base, module.weight()).isPresent()
                && sites.containsAll(GraphOrder.consumers(base, module.weight()));
    }

    /** Attaches an adapter's factors and rows. */
    GraphBuilder attach(LiveAdapter adapter, VariableType type, boolean dropout) {
        adapter.modules().forEach((path, part) -> {
            Map<String, List<Attached>> place = part.module().isParameter() ? ofParameters : attached;
            String key = part.module().isParameter() ? part.module().weight() : path;
            place.computeIfAbsent(key, k -> new ArrayList<>()).add(new Attached(adapter, part, type, dropout));
        });
        adapter.tokens()
                .values()
                .forEach(tokens -> rows.computeIfAbsent(tokens.module().weight(), leaf -> new ArrayList<>())
                        .add(update(tokens, type)));
        return this;
    }

    private RowUpdate update(Tokens tokens, VariableType type) {
        Live live = tokens.live();
        return new RowUpdate(
                new Leaf(live.variable(), type, live.array()),
                constant(live.variable() + ".places", RowUpdate.places(tokens.rows())),
                constant(
                        live.variable() + ".kept",
                        RowUpdate.kept(tokens.rows(), live.array().dataType())),
                tokens.module().weightLayout());
    }

    private Leaf constant(String name, INDArray array) {
        return new Leaf(free(name), VariableType.CONSTANT, array);
    }

    /** Builds the graph. */
    SameDiff build() {
        LeafUpdates updates = leafUpdates();
        Map<String, List<SitePlan>> byOp = new LinkedHashMap<>();
        for (GraphModule module : modules.modules()) {
            boolean changes = weights.containsKey(module.path())
                    || attached.containsKey(module.path())
                    || !rowsInResult(module).isEmpty();
            for (int use = 0; changes && use < module.sites().size(); use++) {
                SitePlan plan = plan(module, use);
                byOp.computeIfAbsent(plan.site().op(), op -> new ArrayList<>()).add(plan);
            }
        }
        for (String leaf : updates.leaves()) {
            GraphOrder.consumers(base, leaf).forEach(op -> byOp.computeIfAbsent(op, o -> new ArrayList<>()));
        }
        byOp.forEach((op, sites) -> copy.rewrite(op, new OpPlan(List.copyOf(sites), updates)));
        return copy.build();
    }

    private LeafUpdates leafUpdates() {
        LeafUpdates updates = new LeafUpdates();
        rows.forEach((leaf, list) -> list.forEach(update -> updates.add(leaf, update)));
        ofParameters.forEach((leaf, list) -> list.forEach(one -> {
            Site site = one.part().module().sites().get(0);
            Attachment attachment = attachment(one, null, kept(one, 0));
            updates.add(
                    leaf,
                    (context, value) ->
                            attachment.weight(context, new SiteGraph(context, site, List.of(value), null), value));
        }));
        attached.values().forEach(list -> list.forEach(one -> updateBias(one, updates)));
        return updates;
    }

    /** A bias that is added behind the op changes by itself; one within the op is part of the output that changes. */
    private void updateBias(Attached one, LeafUpdates updates) {
        GraphModule module = one.part().module();
        Site site = module.sites().get(0);
        if (one.part().method().traits().biasEffect() == BiasEffect.CHANGES && BiasReaders.isBehind(base, module)) {
            Attachment attachment = attachment(one, null, null);
            updates.add(
                    module.bias(),
                    (context, value) ->
                            attachment.bias(context, new SiteGraph(context, site, List.of(value), null), value));
        }
    }

    // Cheaper than a new table, and the same unless something else adapts the table, which may ask for its values, as
    // DoRA does for lengths. A full copy of one use of a shared table has rows of its own.
    private List<RowUpdate> rowsInResult(GraphModule module) {
        boolean lookup = module.shape().kind() == ModuleShape.Kind.EMBEDDING
                && module.sites().get(0).dataInput() == 1;
        boolean alone = !ofParameters.containsKey(module.weight()) && !attached.containsKey(module.path());
        return lookup && alone && !copied.contains(module.path())
                ? rows.getOrDefault(module.weight(), List.of())
                : List.of();
    }

    /** The dropout masks of the graph that was built. */
    List<DropoutMask> masks() {
        return List.copyOf(masks);
    }

    private SitePlan plan(GraphModule module, int use) {
        Site site = module.sites().get(use);
        List<Attachment> attachments = new ArrayList<>();
        for (Attached one : attached.getOrDefault(module.path(), List.of())) {
            attachments.add(attachment(one, mask(one, site, use), kept(one, use)));
        }
        boolean settled =
                copied.contains(module.path()) || !rowsInResult(module).isEmpty();
        return new SitePlan(site, weights.get(module.path()), settled, rowsInResult(module), attachments);
    }

    private Attachment attachment(Attached one, String mask, String kept) {
        Part part = one.part();
        Gates gates = one.adapter().gates();
        return new Attachment(
                part.method(),
                part.method().place(part.module().shape(), part.rank()),
                factors(part, part.factors(), one.type()),
                factors(part, part.start(), VariableType.CONSTANT),
                part.scaling(),
                mask,
                kept,
                gates == null ? null : gate(gates, one));
    }

    private RankGate gate(Gates gates, Attached one) {
        Live gate = gates.modules().get(one.part().module().path());
        INDArray spread = gates.spread(one.part().rank(), gate.array().dataType());
        return new RankGate(
                gates.input(),
                new Leaf(gate.variable(), one.type(), gate.array()),
                constant(gate.variable() + ".spread", spread));
    }

    private Map<String, Factor> factors(Part part, Map<String, Live> tensors, VariableType type) {
        Map<String, Factor> factors = new LinkedHashMap<>();
        tensors.forEach((suffix, live) -> {
            VariableType own = !part.method().traits().is(suffix, FactorTrait.FIXED) ? type : VariableType.CONSTANT;
            Leaf leaf = new Leaf(live.variable(), own, live.array());
            boolean blocks = part.groups() > 1 && suffix.equals(LoraMethod.B);
            factors.put(suffix, new Factor(leaf, blocks ? blocks(part, live) : null));
        });
        return factors;
    }

    private Leaf blocks(Part part, Live b) {
        INDArray mask = Grouped.mask(
                part.module().shape(), part.rank(), part.groups(), b.array().dataType());
        return constant(b.variable() + ".blocks", mask);
    }

    // A lookup has no activation to drop, as in PEFT.
    private String mask(Attached one, Site site, int use) {
        double dropout = one.adapter().config().dropout();
        GraphModule module = one.part().module();
        boolean none = !one.dropout() || dropout == 0 || module.fedByWeight();
        if (none || module.shape().kind() == ModuleShape.Kind.EMBEDDING) {
            return null;
        }
        String name = free(maskName(one, "lora_dropout", use));
        String input = base.getOps().get(site.op()).getInputsToOp().get(site.dataInput());
        masks.add(new DropoutMask(name, input, dropout, trained(one)));
        return name;
    }

    private String kept(Attached one, int use) {
        UpdateDropout dropout = one.part().method().traits().updateDropout();
        if (!one.dropout() || dropout.isNone()) {
            return null;
        }
        String name = free(maskName(one, "update_dropout", use));
        masks.add(DropoutMask.ofUpdate(name, one.part().module().shape().outputs(), dropout::draw, trained(one)));
        return name;
    }

    private static List<String> trained(Attached one) {
        return one.part().trained().values().stream().map(Live::variable).toList();
    }

    private static String maskName(Attached one, String what, int use) {
        return one.part().module().path() + "." + what + "." + one.adapter().name() + (use == 0 ? "" : "." + (use + 1));
    }

    // A graph that was adapted and merged before may hold a name already.
    private String free(String wanted) {
        String name = wanted;
        for (int i = 2; base.hasVariable(name) || base.getOps().containsKey(name); i++) {
            name = wanted + "." + i;
        }
        return name;
    }

    private VariableType typeOf(String leaf) {
        VariableType type = base.getVariable(leaf).getVariableType();
        // A stored weight is computed from constants.
        return type == VariableType.ARRAY ? VariableType.CONSTANT : type;
    }
}
