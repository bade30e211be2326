/* SPDX-License-Identifier: Apache-2.0 */
import java.util.List;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType;
import org.lora4j.config.FieldType.Field;

/** What to adapt with row and column scaling: how strongly, and whether inputs are scaled, too. */
public final class RowColConfig extends AdapterConfig {

    private static final Field<Double> STRENGTH =
            new Field<>("strength", "rowcol_strength", FieldType.NUMBER, 1.0);
    private static final Field<Boolean> INPUTS = new Field<>("inputs", "rowcol_inputs", FieldType.FLAG, true);
    private static final List<Field<?>> FIELDS = Field.table(MODULES_AND_LAYERS, STRENGTH, INPUTS, BIAS, INITIALIZATION);

    private RowColConfig(Builder builder) {
        super(builder);
    }

    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    @Override
    public double scalingOf(String modulePath) {
        return get(STRENGTH);
    }

    public boolean inputs() {
        return get(INPUTS);
    }

    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("ROWCOL", FIELDS);
        }

        public Builder strength(double factor) {
            return set(STRENGTH, factor);
        }

        public Builder inputs(boolean flag) {
            return set(INPUTS, flag);
        }


        @Override
        protected List<String> problemsTogether() {
            return get(STRENGTH) == 0 ? List.of("strength = 0, expected another number") : List.of();
        }

        @Override
        public RowColConfig build() {
            return new RowColConfig(this);
        }
    }
}
