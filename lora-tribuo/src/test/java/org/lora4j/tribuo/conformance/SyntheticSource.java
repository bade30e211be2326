/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.SkeletalConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.StringProvenance;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.tribuo.ConfigurableDataSource;
import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.ConfiguredDataSourceProvenance;

/**
 * Examples that a seed determines and a linear model learns: the features A, B, C say the output, D is noise.
 *
 * @param <T> the type of output
 */
public final class SyntheticSource<T extends Output<T>> implements ConfigurableDataSource<T> {

    private static final String[] NAMES = {"A", "B", "C", "D"};

    /**
     * How features become the text from which a factory makes an output. Constants with bodies of their own would be
     * classes of their own, which OLCUT writes into a provenance and cannot read again.
     */
    public enum Target {
        /** The label of the largest of A, B, C. */
        LABEL(x -> x[0] > x[1] && x[0] > x[2] ? "Foo" : x[1] > x[2] ? "Bar" : "Baz"),
        /** Two sums of features, which differ for each dimension. */
        REGRESSOR(x -> "dim1=" + (2 * x[0] - x[1] + 0.5) + ",dim2=" + (3 * x[2] - x[0])),
        /** The label of each positive feature, and of the first if there is none. */
        MULTI_LABEL(Target::positives);

        private final Function<double[], String> text;

        Target(Function<double[], String> text) {
            this.text = text;
        }

        private static String positives(double[] x) {
            List<String> labels = new ArrayList<>();
            if (x[1] > 0) {
                labels.add("PUZZLE");
            }
            if (x[2] > 0) {
                labels.add("TREE");
            }
            if (x[0] > 0 || labels.isEmpty()) {
                labels.add("MONKEY");
            }
            return String.join(",", labels);
        }
    }

    @Config(mandatory = true, description = "What makes the outputs.")
    private OutputFactory<T> outputFactory;

    @Config(mandatory = true, description = "What the features say.")
    private Target target;

    @Config(mandatory = true, description = "How many examples.")
    private int size;

    @Config(mandatory = true, description = "Where the examples come from.")
    private long seed;

    private List<Example<T>> examples;

    /** For OLCUT. */
    private SyntheticSource() {}

    SyntheticSource(OutputFactory<T> outputFactory, Target target, int size, long seed) {
        this.outputFactory = outputFactory;
        this.target = target;
        this.size = size;
        this.seed = seed;
        postConfig();
    }

    @Override
    public void postConfig() {
        if (size < 1) {
            throw new PropertyException("", "size", "size = " + size + "; expected 1 or more");
        }
        SplittableRandom random = new SplittableRandom(seed);
        examples = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            double[] x = random.doubles(NAMES.length, -2, 2).toArray();
            examples.add(new ArrayExample<>(outputFactory.generateOutput(target.text.apply(x)), NAMES.clone(), x));
        }
    }

    @Override
    public Iterator<Example<T>> iterator() {
        return examples.iterator();
    }

    @Override
    public OutputFactory<T> getOutputFactory() {
        return outputFactory;
    }

    @Override
    public ConfiguredDataSourceProvenance getProvenance() {
        return new SourceProvenance(this);
    }

    @Override
    public String toString() {
        return "SyntheticSource(target=" + target + ",size=" + size + ",seed=" + seed + ")";
    }

    /** What describes a source in full. */
    public static final class SourceProvenance extends SkeletalConfiguredObjectProvenance
            implements ConfiguredDataSourceProvenance {

        private static final long serialVersionUID = 1L;

        SourceProvenance(SyntheticSource<?> host) {
            super(host, "DataSource");
        }

        /**
         * Reads the marshalled form.
         *
         * @param map the values by name
         */
        public SourceProvenance(Map<String, Provenance> map) {
            super(read(map));
        }

        private static ExtractedInfo read(Map<String, Provenance> map) {
            Map<String, Provenance> rest = new HashMap<>(map);
            String name = take(rest, ObjectProvenance.CLASS_NAME);
            String kind = take(rest, HOST_SHORT_NAME);
            return new ExtractedInfo(name, kind, rest, Map.of());
        }

        private static String take(Map<String, Provenance> rest, String key) {
            return ObjectProvenance.checkAndExtractProvenance(rest, key, StringProvenance.class, "SourceProvenance")
                    .getValue();
        }
    }
}
