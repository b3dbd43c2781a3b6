import xml.sax
from xml.sax.handler import feature_external_ges

from lxml import etree

# ruleid: shipway.data.xml-entities-resolved
parser = etree.XMLParser(resolve_entities=True, no_network=True)
# ruleid: shipway.data.xml-entities-resolved
other = etree.XMLParser(no_network=False)
reader = xml.sax.make_parser()
# ruleid: shipway.data.xml-entities-resolved
reader.setFeature(feature_external_ges, True)
