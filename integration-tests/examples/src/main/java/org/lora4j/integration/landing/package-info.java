/** A tuned encoder where applications run it: LangChain4j, ONNX Runtime, the server of adapters, a directory of Hugging Face. */
package org.lora4j.integration.landing;
