# The headers have plain C comments. For Doxygen those before a declaration become /** */, those behind one /**< */, and
# rules of dashes go.
s|^/\* -{20,}.*\*/$||
s|^( *)/\* |\1/** |
s|([;,{(].*[^ ]) */\* |\1 /**< |
s|^(.*[;,]) */\* |\1 /**< |
