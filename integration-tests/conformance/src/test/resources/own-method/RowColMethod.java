/* SPDX-License-Identifier: Apache-2.0 */
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.Initialization;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.Factors;
import org.lora4j.method.MethodEntry;
import org.lora4j.method.MethodTraits;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.ReplacingMethod;
import org.lora4j.method.WeightAlgebra;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Row and column scaling: W' = diag(1 + s r) W diag(1 + s c), with a number for each output and for each input. */
public final class RowColMethod implements ReplacingMethod {

    static final String ROWS = "rowcol_rows";
    static final String COLUMNS = "rowcol_columns";

    static final MethodTraits TRAITS = MethodTraits.builder("RowCol", "ROWCOL")
            .multiplies(true)
            .factor(ROWS, "Ro", FactorTrait.BIAS_OR_GAIN)
            .factor(COLUMNS, "Co", FactorTrait.BIAS_OR_GAIN)
            .build();

    private final boolean inputs;

    RowColMethod(boolean inputs) {
        this.inputs = inputs;
    }

    static MethodEntry<RowColConfig> entry() {
        return MethodEntry.builder(RowColConfig.class, RowColConfig::builder)
                .method((config, path) -> new RowColMethod(config.inputs()))
                .saved(TRAITS, options -> new RowColMethod(options.flag("inputs")))
                .build();
    }

    static void register() {
        AdapterMethods.register(entry());
    }

    @Override
    public MethodTraits traits() {
        MethodTraits.Builder traits = TRAITS.toBuilder().variant("inputs", inputs);
        return inputs ? traits.build() : traits.only(Set.of(ROWS)).build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (shape.kind() != ModuleShape.Kind.LINEAR) {
            throw new IllegalArgumentException("RowCol, module of shape " + shape
                    + ": this kind is not scaled; expected a linear module. Exclude the module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(ROWS, new long[] {shape.outputs()});
        if (inputs) {
            factors.put(COLUMNS, new long[] {shape.inputs()});
        }
        return factors;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank())
                .forEach((suffix, shape) -> factors.put(
                        suffix,
                        start.initialization() == Initialization.RANDOM
                                ? RandomStreams.normal(start.random(), 0.1, start.dataType(), shape)
                                : Nd4j.zeros(start.dataType(), shape)));
        return factors;
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T rows = module.plus(module.scale(factors.get(ROWS), factors.scaling()), 1);
        T scaled = module.multiply(w, module.alongWeight(rows));
        if (!inputs) {
            return scaled;
        }
        T columns = module.plus(module.scale(factors.get(COLUMNS), factors.scaling()), 1);
        return module.multiply(scaled, module.alongWeightInputs(columns));
    }
}
