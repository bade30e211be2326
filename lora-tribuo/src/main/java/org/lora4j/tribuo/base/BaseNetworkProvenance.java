/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import com.oracle.labs.mlrg.olcut.provenance.ObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.PrimitiveProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil.HashType;
import com.oracle.labs.mlrg.olcut.provenance.impl.SkeletalConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.HashProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.LongProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.StringProvenance;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Which base network it was: its configuration, content hash and size.
 *
 * @apiNote Status: stable
 */
public final class BaseNetworkProvenance extends SkeletalConfiguredObjectProvenance {

    private static final long serialVersionUID = 1L;
    private static final String HASH = "content-hash";
    private static final String PARAMETERS = "parameter-count";
    private static final String WHERE = BaseNetworkProvenance.class.getSimpleName();

    private final HashProvenance hash;
    private final LongProvenance parameters;

    BaseNetworkProvenance(BaseNetwork base) {
        super(base, "BaseNetwork");
        this.hash = new HashProvenance(HashType.SHA256, HASH, base.contentHash());
        this.parameters = new LongProvenance(PARAMETERS, base.parameterCount());
    }

    /**
     * Reads a provenance, as OLCUT asks for it.
     *
     * @param map the values by name
     */
    public BaseNetworkProvenance(Map<String, Provenance> map) {
        this(extractProvenanceInfo(map));
    }

    private BaseNetworkProvenance(ExtractedInfo info) {
        super(info);
        this.hash = (HashProvenance) info.instanceValues.get(HASH);
        this.parameters = (LongProvenance) info.instanceValues.get(PARAMETERS);
    }

    /**
     * Tells configured values from measured ones.
     *
     * @param map the values by name
     * @return both
     */
    protected static ExtractedInfo extractProvenanceInfo(Map<String, Provenance> map) {
        Map<String, Provenance> configured = new HashMap<>(map);
        String className = take(configured, CLASS_NAME, StringProvenance.class).getValue();
        String shortName =
                take(configured, HOST_SHORT_NAME, StringProvenance.class).getValue();
        Map<String, PrimitiveProvenance<?>> measured = new HashMap<>();
        measured.put(HASH, take(configured, HASH, HashProvenance.class));
        measured.put(PARAMETERS, take(configured, PARAMETERS, LongProvenance.class));
        return new ExtractedInfo(className, shortName, configured, measured);
    }

    private static <P extends Provenance> P take(Map<String, Provenance> from, String name, Class<P> type) {
        return ObjectProvenance.checkAndExtractProvenance(from, name, type, WHERE);
    }

    @Override
    public Map<String, PrimitiveProvenance<?>> getInstanceValues() {
        Map<String, PrimitiveProvenance<?>> values = super.getInstanceValues();
        values.put(HASH, hash);
        values.put(PARAMETERS, parameters);
        return values;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BaseNetworkProvenance that
                && super.equals(other)
                && hash.equals(that.hash)
                && parameters.equals(that.parameters);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), hash, parameters);
    }
}
